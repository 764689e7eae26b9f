import type { JobKind } from '../job/kind.js';
import type { JobRecord } from '../job/record.js';
import { Backlog } from './backlog.js';
import type { Gate, Permit } from './gate.js';
import type { GroupGates } from './group-gates.js';
import { type Rounds, Turns } from './turns.js';

/**
 * Jobs that wait for the same: those of a definition that is limited or paused, apart, so that they never stand in the
 * way of others; and those of all other definitions. By priority, then arrival, until there are groups, which take turns.
 */
export class Line {
  /** Whether its definition is. */
  readonly kind: JobKind | undefined;
  readonly #gate: Gate | undefined;
  readonly #groups: GroupGates | undefined;
  #jobs: Backlog | Turns = new Backlog();

  constructor(kind?: JobKind, gate?: Gate, groups?: GroupGates) {
    this.kind = kind;
    this.#gate = gate;
    this.#groups = groups;
  }

  get size(): number {
    return this.#jobs.size;
  }

  get head(): JobRecord | undefined {
    return this.#jobs.head;
  }

  get isPaused(): boolean {
    return this.kind?.paused ?? false;
  }

  /** Whether its definition's limit holds all of it back. */
  get isHeld(): boolean {
    return this.#gate?.closed === true || this.#isToldToWait;
  }

  get #isToldToWait(): boolean {
    return this.kind !== undefined && this.kind.holds > 0;
  }

  get isOpen(): boolean {
    return !this.isPaused && !this.isHeld;
  }

  /** What holds a job of it back, of its definition or of its group. */
  heldBy(record: JobRecord): 'concurrency' | 'rate-limit' | 'group-concurrency' | 'group-rate-limit' | undefined {
    if (this.#isToldToWait) return 'rate-limit';
    const limit = this.#groups?.heldBy(record.group);
    return this.#gate?.heldBy ?? (limit && `group-${limit}`);
  }

  push(record: JobRecord): void {
    this.#jobs.push(record);
  }

  /** A job comes back that was taken and not run. */
  putBack(record: JobRecord): void {
    if (this.#jobs instanceof Turns) this.#jobs.putBack(record);
    else this.#jobs.push(record);
  }

  remove(record: JobRecord): void {
    this.#jobs.remove(record);
  }

  /** The head is about to start. What it holds of its limits, where there are any. */
  enter(record: JobRecord): Permit | undefined {
    const whole = this.#gate?.enter(record);
    const own = this.#groups?.enter(record);
    if (whole === undefined || own === undefined) return whole ?? own;
    return {
      leave: (startedAt, gone) => {
        whole.leave(startedAt, gone);
        own.leave(startedAt, gone);
      },
    };
  }

  // --- Groups

  /** Groups take turns from now on. */
  takeTurns(rounds: Rounds): void {
    const turns = new Turns(rounds, (key) => this.#groups?.isHeld(key) ?? false);
    const jobs = [...this.#jobs];
    for (const record of jobs) this.#jobs.remove(record);
    for (const record of jobs) turns.push(record);
    this.#jobs = turns;
  }

  /** The turn of the head; the same for all where there are no groups. */
  get turn(): number {
    return this.#jobs instanceof Turns && this.head !== undefined ? this.#jobs.turnOf(this.head) : 0;
  }

  passed({ priority, group }: JobRecord, turn: number): void {
    if (this.#jobs instanceof Turns) this.#jobs.passed(priority, group, turn);
  }

  /** A group is held back no longer. */
  release(key: string | undefined): void {
    if (this.#jobs instanceof Turns) this.#jobs.release(key);
  }

  [Symbol.iterator](): Iterator<JobRecord> {
    return this.#jobs[Symbol.iterator]();
  }
}

/** Whether `a` arrived before `b`, or goes first. */
export function before(a: JobRecord, b: JobRecord): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.order < b.order);
}

/** Whether the head of `a` runs before the head of `b`, where both have one. */
export function goesBefore(a: Line, b: Line): boolean {
  const [one, other] = [a.head as JobRecord, b.head as JobRecord];
  if (one.priority !== other.priority) return one.priority > other.priority;
  return a.turn < b.turn || (a.turn === b.turn && one.order < other.order);
}

/** Whether nothing waits in it, held groups included. */
export function isEmpty(line: Line): boolean {
  return line[Symbol.iterator]().next().done === true;
}

import type { JobKind } from '../job/kind.js';
import type { JobRecord } from '../job/record.js';
import { Backlog } from './backlog.js';
import { Gate, isLimit, type Limit, type Permit } from './gate.js';
import { GroupGates } from './group-gates.js';
import type { GroupKey } from './level.js';
import type { GateHost } from './rate-window.js';
import { type Rounds, Turns } from './turns.js';

/** Who is told when jobs of a line may run that might not before. */
export interface LineHost extends GateHost {
  opened(): void;
}

/**
 * Jobs that wait for the same: those of a definition that is limited or paused, apart, so that they never stand in the
 * way of others; and those of all other definitions. By priority, then arrival, until there are groups, which take turns.
 */
export class Line {
  /** Whether its definition is. */
  readonly kind: JobKind | undefined;
  readonly #host: LineHost;
  #gate: Gate | undefined;
  #groups: GroupGates | undefined;
  #jobs: Backlog | Turns = new Backlog();

  constructor(host: LineHost, kind?: JobKind) {
    this.kind = kind;
    this.#host = host;
    if (kind === undefined) return;
    const { definition } = kind;
    if (isLimit(definition)) this.#gate = this.#newGate();
    if (definition.group !== undefined && isLimit(definition.group)) this.#groups = this.#newGroupGates();
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

  /** Whether something holds all of it back. */
  get isHeld(): boolean {
    return this.#gate?.closed === true;
  }

  get isOpen(): boolean {
    return !this.isPaused && !this.isHeld;
  }

  /** What holds a job of it back, of its definition or of its group. */
  heldBy({ group }: JobRecord): Limit | `group-${Limit}` | undefined {
    const limit = this.#groups?.heldBy(group);
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

  /** Takes out the head, whose group has had its turn then. */
  take(head: JobRecord, turn: number): void {
    if (this.#jobs instanceof Turns) this.#jobs.take(head, turn);
    else this.#jobs.remove(head);
  }

  remove(record: JobRecord): void {
    this.#jobs.remove(record);
  }

  /** The head is about to start. What it holds of its limits, where there are any. */
  enter(record: JobRecord): Permit | undefined {
    const whole = this.#gate?.isLimit ? this.#gate.enter(record) : undefined;
    const own = this.#groups?.enter(record);
    if (whole === undefined || own === undefined) return whole ?? own;
    return {
      leave: (startedAt, gone) => {
        whole.leave(startedAt, gone);
        own.leave(startedAt, gone);
      },
    };
  }

  /** None starts for so many milliseconds: of a group, or where it has none, of all. */
  hold(group: GroupKey, ms: number): void {
    if (group === undefined) {
      this.#gate ??= this.#newGate();
      this.#gate.hold(ms);
    } else {
      this.#groups ??= this.#newGroupGates();
      this.#groups.of(group).hold(ms);
    }
  }

  #newGate(): Gate {
    return new Gate(this.kind?.definition ?? {}, this.#host, () => this.#host.opened());
  }

  #newGroupGates(): GroupGates {
    return new GroupGates(this.kind?.definition.group ?? {}, this.#host, (key) => {
      if (this.#jobs instanceof Turns) this.#jobs.release(key);
      this.#host.opened();
    });
  }

  // --- What may run, and when

  /** How many more jobs of a group could start now beside those in here; 0 or less where they would wait, whoever is free. */
  roomOf(group: GroupKey): number {
    if (this.isPaused) return Number.NEGATIVE_INFINITY;
    const room = this.#gate === undefined ? Number.POSITIVE_INFINITY : this.#gate.room - this.size;
    return this.#groups === undefined ? room : Math.min(room, this.#groups.peek(group).room - this.sizeOf(group));
  }

  /** How long limits make one more job of a group wait behind so many of its definition, in milliseconds, where they usually run for so long. */
  limitOf(waiting: number, group: GroupKey, usual: number): number {
    return Math.max(this.#gate?.waitOf(waiting, usual) ?? 0, this.#groups?.peek(group).waitOf(this.sizeOf(group), usual) ?? 0);
  }

  /** How many jobs of a group are in here. */
  sizeOf(group: GroupKey): number {
    return this.#jobs instanceof Turns ? this.#jobs.sizeOf(group) : 0;
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

  /** The groups of its jobs, once there are any. */
  get turns(): Turns | undefined {
    return this.#jobs instanceof Turns ? this.#jobs : undefined;
  }

  /** The turn of the head; the same for all where there are no groups. */
  get turn(): number {
    return this.#jobs instanceof Turns && this.head !== undefined ? this.#jobs.turnOf(this.head) : 0;
  }

  passed({ priority, group }: JobRecord, turn: number): void {
    if (this.#jobs instanceof Turns) this.#jobs.passed(priority, group, turn);
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

import type { Clock } from '../clock.js';
import type { JobKind } from '../job/kind.js';
import { type Location, runningSince } from '../job/location.js';
import type { JobRecord } from '../job/record.js';
import { Ages } from './ages.js';
import { Backlog } from './backlog.js';
import { Gate, type Limit, type Permit } from './gate.js';

/** The jobs of a definition that is limited or paused: apart, so that they never stand in the way of others. */
class Line {
  readonly backlog = new Backlog();

  constructor(
    readonly kind: JobKind,
    readonly gate: Gate | undefined,
  ) {}

  get open(): boolean {
    return !this.kind.paused && !this.gate?.closed;
  }
}

/** Whether `a` runs before `b`. */
function before(a: JobRecord, b: JobRecord): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.order < b.order);
}

/** Who takes the jobs. */
export interface Taker {
  /** Jobs may run that might not before. */
  schedule(): void;
  /** Where a job is that was taken. */
  locate(record: JobRecord): Location | undefined;
}

/** All jobs that are waiting, and which of them may run next: by priority, then arrival, past what is limited or paused. */
export class WaitingJobs {
  readonly #free = new Backlog();
  readonly #ages = new Ages();
  readonly #lines = new Map<JobKind, Line>();
  readonly #permits = new Map<JobRecord, Permit>();
  readonly #clock: Clock;
  #taker!: Taker;
  #paused = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Who is told when jobs may run; it takes them from here, so it is made later. */
  takenBy(taker: Taker): void {
    this.#taker = taker;
  }

  /** Whether none may run, of whatever definition. */
  get paused(): boolean {
    return this.#paused;
  }

  /** How many could run now, as far as can be told without asking for permits. */
  get size(): number {
    if (this.paused) return 0;
    let { size } = this.#free;
    for (const line of this.#lines.values()) if (line.open) size += line.backlog.size;
    return size;
  }

  /** Whether any will run without somebody resuming: those that a limit holds back will, those that are paused not. */
  get canRun(): boolean {
    if (this.paused) return false;
    return this.#free.size > 0 || [...this.#lines.values()].some((line) => !line.kind.paused && line.backlog.size > 0);
  }

  /** Since when the job that waits longest has waited, on {@link Clock.now}; see {@link Ages} for how exact that is. */
  get oldest(): number | undefined {
    return this.#ages.oldest;
  }

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    return this.#best()?.head;
  }

  /** Whether a job that would be before {@link head} waits for its definition's limit. */
  get overtakes(): boolean {
    if (this.#lines.size === 0) return false;
    const { head } = this;
    for (const { kind, gate, backlog } of this.#lines.values()) {
      if (kind.paused || !gate?.closed || backlog.head === undefined) continue;
      if (head === undefined || before(backlog.head, head)) return true;
    }
    return false;
  }

  /** Takes {@link head}, or nothing when its definition's limit refuses it: then another is the head. */
  take(): JobRecord | undefined {
    const record = this.head;
    if (record === undefined) return undefined;
    const line = this.#lines.get(record.kind);
    if (line?.gate !== undefined) {
      const permit = line.gate.enter(record);
      if (permit === undefined) return undefined;
      this.#permits.set(record, permit);
    }
    this.remove(record);
    return record;
  }

  push(record: JobRecord): void {
    this.#backlogOf(record.kind).push(record);
    this.#ages.enter(record.readyAt);
    this.#taker.schedule();
  }

  /** A job comes back that was taken and not run. */
  returned(record: JobRecord): void {
    this.ended(record, undefined);
    this.push(record);
  }

  has(record: JobRecord): boolean {
    return record.state === 'waiting';
  }

  remove(record: JobRecord): void {
    this.#backlogOf(record.kind).remove(record);
    this.#ages.leave(record.readyAt);
  }

  /** An attempt is over, or was taken back before it was started: see {@link Permit.leave}. */
  ended(record: JobRecord, startedAt: number | undefined, gone?: Promise<void>): void {
    if (this.#permits.size === 0) return;
    const permit = this.#permits.get(record);
    this.#permits.delete(record);
    permit?.leave(startedAt, gone);
  }

  /** Which limit holds a definition back now, if one does. */
  heldBy(kind: JobKind): Limit | undefined {
    return this.#lines.get(kind)?.gate?.heldBy;
  }

  /** No more jobs of a definition, or none at all. */
  pause(kind?: JobKind): void {
    if (kind === undefined) this.#paused = true;
    else this.#pause(kind);
  }

  /** Undoes {@link pause}. */
  resume(kind?: JobKind): void {
    if (kind === undefined) this.#paused = false;
    else kind.paused = false;
    this.#taker.schedule();
  }

  #pause(kind: JobKind): void {
    kind.paused = true;
    if (this.#lines.has(kind)) return;
    const own = [...this.#free].filter((record) => record.kind === kind);
    for (const record of own) this.#free.remove(record);
    const line = this.#line(kind);
    for (const record of own) line.backlog.push(record);
  }

  /** In the order in which they would run, were there no limits. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const all = [this.#free, ...[...this.#lines.values()].map((line) => line.backlog)];
    const heads = all.map((backlog) => ({ jobs: backlog[Symbol.iterator](), next: undefined as JobRecord | undefined }));
    for (const head of heads) head.next = head.jobs.next().value;
    for (;;) {
      const first = heads.reduce((best, one) => (one.next && (!best.next || before(one.next, best.next)) ? one : best));
      if (first.next === undefined) return;
      yield first.next;
      first.next = first.jobs.next().value;
    }
  }

  #best(): Backlog | undefined {
    if (this.#lines.size === 0) return this.#free;
    let best = this.#free;
    for (const line of this.#lines.values()) {
      const { head } = line.backlog;
      if (head === undefined || !line.open) continue;
      if (best.head === undefined || before(head, best.head)) best = line.backlog;
    }
    return best;
  }

  #backlogOf(kind: JobKind): Backlog {
    if (this.#lines.size === 0 && !kind.limited) return this.#free;
    return this.#lines.get(kind)?.backlog ?? (kind.limited ? this.#line(kind).backlog : this.#free);
  }

  /** A definition's own line; once made it stays, so that its jobs keep their order. */
  #line(kind: JobKind): Line {
    let line = this.#lines.get(kind);
    if (line === undefined) {
      line = new Line(kind, kind.limited ? this.#gate(kind) : undefined);
      this.#lines.set(kind, line);
    }
    return line;
  }

  #gate({ definition }: JobKind): Gate {
    const since = (record: JobRecord) => runningSince(this.#taker.locate(record));
    return new Gate(definition, this.#clock, since, () => this.#taker.schedule());
  }
}

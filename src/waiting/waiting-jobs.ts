import type { JobKind } from '../job/kind.js';
import { type Location, runningSince } from '../job/location.js';
import type { JobRecord } from '../job/record.js';
import type { Clock } from '../time/clock.js';
import { Ages } from './ages.js';
import type { Permit } from './gate.js';
import { before, goesBefore, isEmpty, Line, type LineHost } from './line.js';
import { Rounds } from './turns.js';

/** Who takes the jobs. */
export interface Taker {
  /** Jobs may run that might not before. */
  schedule(): void;
  /** Where a job is that was taken. */
  locate(record: JobRecord): Location | undefined;
  /** Gives back jobs like one that have not been started: of its definition, and of its group where it has one. */
  withdraw(like: JobRecord): void;
}

/**
 * All jobs that are waiting, and which of them may run next: by priority, then in turns of the groups, then by arrival;
 * past what is limited or paused.
 */
export class WaitingJobs implements LineHost {
  readonly clock: Clock;
  /** Of definitions that are neither limited nor paused. */
  readonly #free = new Line(this);
  readonly #lines = new Map<JobKind, Line>();
  /** Since the first job with a group. */
  #rounds: Rounds | undefined;
  readonly #ages = new Ages();
  readonly #permits = new Map<JobRecord, Permit>();
  #taker!: Taker;
  #paused = false;

  constructor(clock: Clock) {
    this.clock = clock;
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
    for (const line of this.#lines.values()) if (line.isOpen) size += line.size;
    return size;
  }

  /** Whether any will run without somebody resuming: those that a limit holds back will, those that are paused not. */
  get canRun(): boolean {
    if (this.paused) return false;
    return this.#free.size > 0 || [...this.#lines.values()].some((line) => !line.isPaused && !isEmpty(line));
  }

  /** Since when the job that waits longest has waited, on {@link Clock.now}; see {@link Ages} for how exact that is. */
  get oldest(): number | undefined {
    return this.#ages.oldest;
  }

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    return this.#best.head;
  }

  /** Whether a job that would be before {@link head} waits for its definition's limit. */
  get overtakes(): boolean {
    if (this.#lines.size === 0) return false;
    const best = this.#best;
    for (const line of this.#lines.values()) {
      if (line.isPaused || !line.isHeld || line.head === undefined) continue;
      if (best.head === undefined || goesBefore(line, best)) return true;
    }
    return false;
  }

  /** Takes {@link head}. */
  take(): JobRecord | undefined {
    const best = this.#best;
    const record = best.head;
    if (record === undefined) return undefined;
    const permit = best.enter(record);
    if (permit !== undefined) this.#permits.set(record, permit);
    const turn = this.#rounds?.last() ?? 0;
    best.take(record, turn);
    if (this.#rounds !== undefined && this.#lines.size > 0) this.#passed(best, record, turn);
    this.#ages.leave(record.readyAt);
    return record;
  }

  push(record: JobRecord): void {
    if (record.group !== undefined && this.#rounds === undefined) this.#takeTurns();
    this.lineOf(record.kind).push(record);
    this.#ages.enter(record.readyAt);
    this.#taker.schedule();
  }

  /** Jobs come back that were taken and not run, in the order in which they were taken: they go before all others. */
  returned(records: readonly JobRecord[]): void {
    // Where there are groups, each goes to the front: so the first one last.
    const inOrder = this.#rounds === undefined ? records : [...records].reverse();
    for (const record of inOrder) {
      this.ended(record, undefined);
      this.lineOf(record.kind).putBack(record);
      this.#ages.enter(record.readyAt);
    }
    if (records.length > 0) this.#taker.schedule();
  }

  has(record: JobRecord): boolean {
    return record.state === 'waiting';
  }

  remove(record: JobRecord): void {
    this.lineOf(record.kind).remove(record);
    this.#ages.leave(record.readyAt);
  }

  /** An attempt is over, or was taken back before it was started: see {@link Permit.leave}. */
  ended(record: JobRecord, startedAt: number | undefined, gone?: Promise<void>): void {
    if (this.#permits.size === 0) return;
    const permit = this.#permits.get(record);
    this.#permits.delete(record);
    permit?.leave(startedAt, gone);
  }

  /** Which limit holds a job back now, of its definition or of its group, if one does. */
  heldBy(record: JobRecord): ReturnType<Line['heldBy']> {
    return this.#lines.get(record.kind)?.heldBy(record);
  }

  /** All lines, once there are groups. */
  get inTurns(): readonly Line[] {
    return this.#rounds === undefined ? [] : [this.#free, ...this.#lines.values()];
  }

  /** When the handler of an active job was started. */
  runningSince(record: JobRecord): number | undefined {
    return runningSince(this.#taker.locate(record));
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

  /**
   * A job that was started waits again, and none like it starts for so many milliseconds: of its definition, and of its group where it has
   * one. It keeps its order; its group has had its turn, also where others of it come back.
   */
  putOff(record: JobRecord, ms: number): void {
    this.#setApart(record.kind);
    this.#line(record.kind).hold(record.group, ms);
    this.#taker.withdraw(record);
    this.push(record);
    if (this.#rounds !== undefined) this.#passed(undefined, record, this.#rounds.last());
  }

  /** A limit holds jobs back no longer. */
  opened(): void {
    this.#taker.schedule();
  }

  #pause(kind: JobKind): void {
    kind.paused = true;
    this.#setApart(kind);
  }

  #setApart(kind: JobKind): void {
    if (this.#lines.has(kind)) return;
    const own = [...this.#free].filter((record) => record.kind === kind);
    for (const record of own) this.#free.remove(record);
    const line = this.#line(kind);
    for (const record of own) line.push(record);
  }

  /** In the order in which they would run, were there no limits. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const all = [this.#free, ...this.#lines.values()];
    const heads = all.map((line) => ({ jobs: line[Symbol.iterator](), next: undefined as JobRecord | undefined }));
    for (const head of heads) head.next = head.jobs.next().value;
    for (;;) {
      const first = heads.reduce((best, one) => (one.next && (!best.next || before(one.next, best.next)) ? one : best));
      if (first.next === undefined) return;
      yield first.next;
      first.next = first.jobs.next().value;
    }
  }

  /** The line whose head runs next. */
  get #best(): Line {
    let best = this.#free;
    if (this.#lines.size === 0) return best;
    for (const line of this.#lines.values()) {
      if (!line.isOpen || line.head === undefined) continue;
      if (best.head === undefined || goesBefore(line, best)) best = line;
    }
    return best;
  }

  /** Where the jobs of a definition wait. */
  lineOf(kind: JobKind): Line {
    if (this.#lines.size === 0 && !kind.limited) return this.#free;
    return this.#lines.get(kind) ?? (kind.limited ? this.#line(kind) : this.#free);
  }

  /** A definition's own line; once made it stays, so that its jobs keep their order. */
  #line(kind: JobKind): Line {
    let line = this.#lines.get(kind);
    if (line === undefined) {
      line = new Line(this, kind);
      if (this.#rounds !== undefined) line.takeTurns(this.#rounds);
      this.#lines.set(kind, line);
    }
    return line;
  }

  // --- Groups

  #takeTurns(): void {
    this.#rounds = new Rounds();
    for (const line of [this.#free, ...this.#lines.values()]) line.takeTurns(this.#rounds);
  }

  /** The group of a job has had its turn, in whichever other line it stands. */
  #passed(taken: Line | undefined, record: JobRecord, turn: number): void {
    if (taken !== this.#free) this.#free.passed(record, turn);
    for (const line of this.#lines.values()) if (line !== taken) line.passed(record, turn);
  }
}

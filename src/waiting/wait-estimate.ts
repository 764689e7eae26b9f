import type { JobKind } from '../job/kind.js';
import type { GroupKey } from './level.js';
import type { WaitingJobs } from './waiting-jobs.js';

/** How long a job added now would wait, from usual run times and from what is before it; it walks definitions, and never jobs. */
export class WaitEstimate {
  readonly #kinds: Iterable<JobKind>;
  readonly #waiting: WaitingJobs;
  readonly #threads: number;

  constructor(kinds: Iterable<JobKind>, waiting: WaitingJobs, threads: number) {
    this.#kinds = kinds;
    this.#waiting = waiting;
    this.#threads = threads;
  }

  /**
   * In milliseconds; of no definition: behind all that waits. Where a definition has groups, for one of which nothing waits, unless it is
   * named. What a pause or a limit holds back is not before others; but that the queue is paused, or the definition asked for, is not
   * foreseen, nor are delays.
   */
  of(kind: JobKind | undefined, group?: GroupKey): number {
    const kinds = [...this.#kinds];
    const usual = usualOf(kinds);
    const before = kinds.filter((one) => one === kind || (this.#waiting.lineOf(one).isOpen && goesBefore(one, kind)));
    const waiting = before.reduce((sum, { counts }) => sum + counts.waiting, 0);
    const waitingWork = before.reduce((sum, one) => sum + one.counts.waiting * (one.usualRunTime ?? usual), 0);
    const count = kind === undefined ? waiting : Math.min(waiting, this.#before(kind, group) ?? waiting);
    const active = kinds.reduce((sum, { counts }) => sum + counts.active, 0);
    // A thread is free, and nobody else takes it.
    const free = active + count < this.#threads;
    const work = (waiting === 0 ? 0 : waitingWork * (count / waiting)) + remaining(kinds, this.#threads, usual);
    return Math.max(free ? 0 : work / this.#threads, kind === undefined ? 0 : this.#limitOf(kind, group, usual));
  }

  /** How many jobs are before the next one of a group, where groups take turns. */
  #before(kind: JobKind, group: GroupKey): number | undefined {
    const lines = this.#waiting.inTurns.filter((line) => line.isOpen || line.kind === kind);
    if (lines.length === 0) return undefined;
    return lines.reduce((sum, { turns }) => sum + (turns?.before(kind.definition.priority, keyOf(kind, group)) ?? 0), 0);
  }

  /** What the limits of a definition, and of a group of it, make the last of its jobs wait. */
  #limitOf(kind: JobKind, group: GroupKey, usual: number): number {
    const { counts, usualRunTime = usual } = kind;
    return this.#waiting.lineOf(kind).limitOf(counts.waiting, keyOf(kind, group), usualRunTime);
  }
}

/** A key that no group has: nothing waits of it. */
const NEW_GROUP = Symbol('a new group') as unknown as string;

function keyOf({ definition }: JobKind, group: GroupKey): GroupKey {
  return group ?? (definition.group === undefined ? undefined : NEW_GROUP);
}

function goesBefore(one: JobKind, kind: JobKind | undefined): boolean {
  return kind === undefined || one.definition.priority >= kind.definition.priority;
}

/** Of a definition that has not run yet, what those take that have. */
function usualOf(kinds: readonly JobKind[]): number {
  const known = kinds.flatMap(({ usualRunTime }) => usualRunTime ?? []);
  return known.length === 0 ? 0 : known.reduce((sum, ms) => sum + ms, 0) / known.length;
}

/** Work that active jobs have left: those that run are half done, others of their batch are not begun. */
function remaining(kinds: readonly JobKind[], threads: number, usual: number): number {
  let work = 0;
  let active = 0;
  for (const { counts, usualRunTime } of kinds) {
    work += counts.active * (usualRunTime ?? usual);
    active += counts.active;
  }
  return active === 0 ? 0 : work * (1 - Math.min(threads, active) / active / 2);
}

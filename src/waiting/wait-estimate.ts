import type { JobKind } from '../job/kind.js';

/** How long a job added now would wait, from usual run times and from what is before it; it walks definitions, and never jobs. */
export class WaitEstimate {
  readonly #kinds: Iterable<JobKind>;
  readonly #threads: number;

  constructor(kinds: Iterable<JobKind>, threads: number) {
    this.#kinds = kinds;
    this.#threads = threads;
  }

  /** In milliseconds; of no definition: behind all that waits. Pauses, delays and priorities of single jobs are not foreseen. */
  of(kind: JobKind | undefined): number {
    const kinds = [...this.#kinds];
    const before = kind === undefined ? kinds : kinds.filter(({ definition }) => definition.priority >= kind.definition.priority);
    const usual = usualOf(kinds);
    const active = kinds.reduce((sum, { counts }) => sum + counts.active, 0);
    const waiting = before.reduce((sum, { counts }) => sum + counts.waiting, 0);
    // A thread is free, and nobody else takes it.
    const free = active + waiting < this.#threads;
    const work =
      before.reduce((sum, one) => sum + one.counts.waiting * (one.usualRunTime ?? usual), 0) + remaining(kinds, this.#threads, usual);
    return Math.max(free ? 0 : work / this.#threads, kind === undefined ? 0 : limitOf(kind, usual));
  }
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

/** What the limits of a definition make the last of its jobs wait. */
function limitOf({ definition: { concurrency, rateLimit }, counts, usualRunTime }: JobKind, usual: number): number {
  const before = counts.waiting + counts.active;
  const ms = usualRunTime ?? usual;
  const byConcurrency = before < concurrency ? 0 : ((before - Math.min(counts.active, concurrency) / 2) * ms) / concurrency;
  const byRate = rateLimit === undefined ? 0 : Math.floor(counts.waiting / rateLimit.max) * rateLimit.duration;
  return Math.max(byConcurrency, byRate);
}

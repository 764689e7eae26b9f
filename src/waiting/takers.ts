import type { JobKind } from '../job/kind.js';
import type { Takers } from './admission-request.js';
import type { GroupKey } from './level.js';
import type { WaitEstimate } from './wait-estimate.js';
import type { WaitingJobs } from './waiting-jobs.js';

/** What is asked of the threads. */
interface Threads {
  readonly holdup: 'zombies' | 'threads-starting' | 'threads-busy' | undefined;
  readonly stats: { readonly busy: number };
}

/** The threads of a queue, as far as they are free: those that start will be. */
export class FreeThreads implements Takers {
  readonly #runner: Threads;
  readonly #threads: number;
  readonly #waiting: WaitingJobs;
  readonly #estimate: WaitEstimate;

  constructor(runner: Threads, threads: number, waiting: WaitingJobs, estimate: WaitEstimate) {
    this.#runner = runner;
    this.#threads = threads;
    this.#waiting = waiting;
    this.#estimate = estimate;
  }

  get free(): number {
    if (this.#waiting.paused || this.#runner.holdup === 'zombies') return 0;
    return Math.max(0, this.#threads - this.#runner.stats.busy);
  }

  get takeable(): number {
    return this.#waiting.size;
  }

  roomOf(kind: JobKind, group: GroupKey): number {
    return this.#waiting.lineOf(kind).roomOf(group);
  }

  takenOf(kind: JobKind, group: GroupKey, more: number): number {
    const own = this.#waiting.lineOf(kind).sizeOf(group);
    const startable = own + Math.min(more, this.roomOf(kind, group));
    return Math.max(0, Math.min(startable, this.free - Math.max(0, this.takeable - own)));
  }

  waitOf(kind: JobKind, group?: GroupKey): number {
    return this.#estimate.of(kind, group);
  }
}

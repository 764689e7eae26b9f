import type { Takers } from './admission.js';
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

  constructor(runner: Threads, threads: number, waiting: WaitingJobs) {
    this.#runner = runner;
    this.#threads = threads;
    this.#waiting = waiting;
  }

  get free(): number {
    if (this.#waiting.paused || this.#runner.holdup === 'zombies') return 0;
    return Math.max(0, this.#threads - this.#runner.stats.busy);
  }

  get takeable(): number {
    return this.#waiting.size;
  }
}

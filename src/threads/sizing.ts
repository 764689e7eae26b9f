export interface SizingOptions {
  /** Jobs running at once. */
  threads: number;
  /** Threads that are kept when there is no work. */
  minThreads: number;
  /** Threads in reserve. */
  spareThreads: number;
}

/** How many threads there shall be. */
export class Sizing {
  readonly #options: SizingOptions;

  constructor(options: SizingOptions) {
    this.#options = options;
  }

  /** Whether their number changes with the work. */
  get isElastic(): boolean {
    return this.#options.minThreads < this.#options.threads;
  }

  /** Without work. */
  get least(): number {
    const { threads, minThreads, spareThreads } = this.#options;
    return this.isElastic ? minThreads : threads + spareThreads;
  }

  /**
   * For so many jobs that run or may run, where so many threads have booted. No more than have work, where not `all` shall boot.
   */
  wanted(jobs: number, booted: number, all: boolean): number {
    const wanted = this.#wanted(jobs, booted);
    return all ? wanted : Math.min(wanted, Math.max(1, jobs));
  }

  /** Spare threads boot when those that work have booted. Where their number changes, threads that are kept without work are reserve enough. */
  #wanted(jobs: number, booted: number): number {
    const { threads, minThreads, spareThreads } = this.#options;
    if (this.isElastic && jobs < minThreads) return minThreads;
    const needed = this.isElastic ? Math.min(threads, jobs) : threads;
    if (needed === 0) return 0;
    return needed + (booted >= needed ? spareThreads : 0);
  }
}

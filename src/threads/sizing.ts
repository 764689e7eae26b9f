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
   * For so many jobs that run or may run, where so many threads have booted. Threads that are kept without work are reserve
   * enough; where all have work, spare ones boot when those that work have booted, and do not take the cores from them.
   */
  wanted(jobs: number, booted: number): number {
    if (!this.isElastic || jobs === 0) return this.least;
    const { threads, minThreads, spareThreads } = this.#options;
    const needed = Math.min(threads, jobs);
    if (needed < minThreads) return minThreads;
    return needed + (booted >= needed ? spareThreads : 0);
  }
}

import PQueue from 'p-queue';

/** Work in flight, at most so many pieces at a time, whose results are handed on in the order of their start or of their end. */
export class Window<Result> {
  readonly #pieces: PQueue;
  readonly #ordered: boolean;
  readonly #deliver: (result: Result) => void;
  /** That all that were started before are handed on. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(size: number, ordered: boolean, deliver: (result: Result) => void) {
    this.#pieces = new PQueue({ concurrency: size });
    this.#ordered = ordered;
    this.#deliver = deliver;
  }

  /** Adds a piece of work, which must not reject. It takes up room until its result is handed on. */
  start(work: () => Promise<Result>): void {
    const before = this.#ordered ? this.#before : undefined;
    this.#before = this.#pieces.add(async () => {
      const result = await work();
      await before;
      this.#deliver(result);
    });
  }

  /** Resolves when another piece may start. */
  async room(): Promise<void> {
    while (this.#pieces.pending >= this.#pieces.concurrency) await new Promise<void>((resolve) => this.#pieces.once('next', resolve));
  }

  /** Resolves when every result has been handed on. */
  empty(): Promise<void> {
    return this.#pieces.onIdle();
  }
}

import { type Clock, KeepAlive } from '../time/clock.js';

/** Whether jobs live: as long as they do, the process does, and who waits for the last of them to end is told. */
export class Living {
  readonly #keepAlive: KeepAlive;
  #over: { promise: Promise<void>; resolve: () => void } | undefined;

  constructor(clock: Clock) {
    this.#keepAlive = new KeepAlive(clock);
  }

  /** A job lives. */
  begin(): void {
    this.#keepAlive.hold();
  }

  /** None does any more. Whether that is news. */
  end(): boolean {
    if (!this.#keepAlive.held) return false;
    this.#keepAlive.release();
    this.#over?.resolve();
    this.#over = undefined;
    return true;
  }

  /** Resolves when none lives. */
  get over(): Promise<void> {
    if (!this.#keepAlive.held) return Promise.resolve();
    if (this.#over === undefined) {
      let resolve!: () => void;
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      this.#over = { promise, resolve };
    }
    return this.#over.promise;
  }
}

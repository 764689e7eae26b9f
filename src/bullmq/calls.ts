import { QueueClosedError } from '../index.js';

/** Calls that wait for Redis, which may never answer: when the queue has closed they reject. */
export class Calls {
  readonly #waiting = new Set<(error: Error) => void>();

  /** What the call throws, it rejects with. */
  make<Result>(call: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const over = () => this.#waiting.delete(reject);
      this.#waiting.add(reject);
      Promise.resolve()
        .then(call)
        .then(
          (result) => {
            over();
            resolve(result);
          },
          (error: unknown) => {
            over();
            reject(error);
          },
        );
    });
  }

  close(queue: string): void {
    for (const reject of this.#waiting) reject(new QueueClosedError(`the queue "${queue}" was closed before Redis had answered`));
    this.#waiting.clear();
  }
}

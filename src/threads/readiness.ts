import { QueueClosedError } from '../errors/errors.js';

/** Whether the threads of a queue are ready: those who ask before it is known wait for the first word. */
export class Readiness {
  #failure: { error: unknown } | undefined;
  #waiting: { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } | undefined;

  /** `isReady`: whether they are, as far as can be seen now. */
  ready(isReady: boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (isReady) return Promise.resolve();
    this.#waiting ??= deferred();
    return this.#waiting.promise;
  }

  /** Whether somebody waits, or has. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined;
  }

  /** They are. */
  reached(): void {
    this.#waiting?.resolve();
  }

  /** They will not be: the first reason holds. */
  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#waiting?.reject(error);
  }

  close(): void {
    this.#failure = { error: new QueueClosedError('the queue is closed: its threads are gone') };
    this.#waiting?.reject(new QueueClosedError('the queue was closed before its threads were ready'));
  }
}

function deferred() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

import type { Worker } from 'node:worker_threads';
import { timers } from '../internals.js';

/** When a thread was started, and when it began to run, in milliseconds since 1970. */
export interface Boot {
  readonly started: number;
  readonly online: number;
}

/** Threads of which nobody has asked, at most: others than the queue's may boot too. */
const MAX_KNOWN = 1_000;

/** When the threads of this process have booted, as far as they were started since. */
export class Boots {
  readonly #boots = new Map<number, Boot>();

  constructor() {
    process.on('worker', this.#started);
  }

  /** Of a thread, once. */
  of(threadId: number): Boot | undefined {
    const boot = this.#boots.get(threadId);
    this.#boots.delete(threadId);
    return boot;
  }

  close(): void {
    process.off('worker', this.#started);
  }

  readonly #started = (worker: Worker): void => {
    const started = timers.timeOrigin + timers.now();
    const { threadId } = worker;
    worker.once('online', () => {
      this.#boots.set(threadId, { started, online: timers.timeOrigin + timers.now() });
      if (this.#boots.size > MAX_KNOWN) this.#boots.delete(this.#boots.keys().next().value as number);
    });
  };
}

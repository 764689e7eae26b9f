import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A worker thread that imports a module of the user, and nothing else: what a thread costs at least. */
export class BareThread {
  readonly ready: Promise<unknown>;
  readonly #worker: Worker;

  constructor(module: URL) {
    this.#worker = new Worker(new URL('../jobs/bare.worker.js', import.meta.url), { workerData: { module: module.href } });
    this.#worker.unref();
    this.ready = once(this.#worker, 'message');
  }

  end(): Promise<number> {
    return this.#worker.terminate();
  }
}

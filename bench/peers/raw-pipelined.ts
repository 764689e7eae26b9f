import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Contender, type Peer, workerUrl } from './peer.js';

/** Messages on their way to one thread at a time: enough that it never waits, few enough that both threads get work. */
const IN_FLIGHT = 16;

interface Waiting {
  message: unknown;
  resolve: (result: any) => void;
}

/** One thread: results come in the order of the jobs, so no ids are needed. */
class Lane {
  readonly worker = new Worker(workerUrl('raw.worker'));
  readonly #backlog: Backlog;
  #sent: ((result: unknown) => void)[] = [];
  #head = 0;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
    this.worker.on('message', (result) => {
      (this.#sent[this.#head++] as (result: unknown) => void)(result);
      if (this.#head === this.#sent.length) {
        this.#sent = [];
        this.#head = 0;
      }
      this.fill();
    });
  }

  fill(): void {
    while (this.#sent.length - this.#head < IN_FLIGHT) {
      const next = this.#backlog.take();
      if (next === undefined) return;
      this.#sent.push(next.resolve);
      this.worker.postMessage(next.message);
    }
  }
}

/** First in, first out. */
class Backlog {
  #items: Waiting[] = [];
  #head = 0;

  push(item: Waiting): void {
    this.#items.push(item);
  }

  take(): Waiting | undefined {
    if (this.#head < this.#items.length) return this.#items[this.#head++];
    this.#items = [];
    this.#head = 0;
    return undefined;
  }
}

/** No library at all: one message a job and a promise for its caller. What a pool that sends one message a job can reach at best. */
export const rawPipelined: Contender = {
  name: 'raw postMessage, 16 in flight a thread',
  kind: 'bound',
  async open(threads) {
    const backlog = new Backlog();
    const lanes = Array.from({ length: threads }, () => new Lane(backlog));
    await Promise.all(lanes.map(({ worker }) => once(worker, 'online')));
    let turn = 0;
    const run = (name: string, input: unknown) =>
      new Promise<any>((resolve) => {
        backlog.push({ message: [name, input], resolve });
        (lanes[turn++ % threads] as Lane).fill();
      });
    return { run, close: () => Promise.all(lanes.map(({ worker }) => worker.terminate())) } satisfies Peer;
  },
};

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Contender, type Peer, workerUrl } from './peer.js';

/** threadmill's `maxBatch`. */
const BATCH = 64;
/** Batches on their way to one thread at a time: it works on one while the other waits in its port. */
const IN_FLIGHT = 2;

/** Jobs of one message. */
interface Batch {
  name: string;
  inputs: unknown[];
  resolves: ((result: any) => void)[];
}

/** Collects the jobs of a turn of the event loop into batches. */
class Batches {
  #full: Batch[] = [];
  #head = 0;

  push(name: string, input: unknown, resolve: (result: any) => void): void {
    let last = this.#full[this.#full.length - 1];
    if (last === undefined || last.inputs.length === BATCH || last.name !== name) {
      last = { name, inputs: [], resolves: [] };
      this.#full.push(last);
    }
    last.inputs.push(input);
    last.resolves.push(resolve);
  }

  take(): Batch | undefined {
    if (this.#head < this.#full.length) return this.#full[this.#head++];
    this.#full = [];
    this.#head = 0;
    return undefined;
  }
}

/** One thread: results come in the order of the batches. */
class Lane {
  readonly worker = new Worker(workerUrl('raw.worker'));
  readonly #batches: Batches;
  readonly #sent: Batch[] = [];

  constructor(batches: Batches) {
    this.#batches = batches;
    this.worker.on('message', (results: unknown[]) => {
      const { resolves } = this.#sent.shift() as Batch;
      for (let i = 0; i < results.length; i++) (resolves[i] as (result: unknown) => void)(results[i]);
      process.nextTick(() => this.fill());
    });
  }

  fill(): void {
    while (this.#sent.length < IN_FLIGHT) {
      const batch = this.#batches.take();
      if (batch === undefined) return;
      this.#sent.push(batch);
      this.worker.postMessage({ name: batch.name, inputs: batch.inputs });
    }
  }
}

/** No library at all: batches as large as threadmill's, without validation, records, limits or errors, and a promise for every caller. */
export const rawBatched: Contender = {
  name: 'raw postMessage in batches of 64',
  kind: 'bound',
  async open(threads) {
    const batches = new Batches();
    const lanes = Array.from({ length: threads }, () => new Lane(batches));
    await Promise.all(lanes.map(({ worker }) => once(worker, 'online')));
    let scheduled = false;
    const dispatch = () => {
      scheduled = false;
      for (const lane of lanes) lane.fill();
    };
    const run = (name: string, input: unknown) =>
      new Promise<any>((resolve) => {
        batches.push(name, input, resolve);
        if (scheduled) return;
        scheduled = true;
        process.nextTick(dispatch);
      });
    return { run, close: () => Promise.all(lanes.map(({ worker }) => worker.terminate())) } satisfies Peer;
  },
};

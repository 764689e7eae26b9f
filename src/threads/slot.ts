import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { JobRecord } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import type { Deadline } from './deadline.js';
import {
  CELL,
  CELLS,
  type Encoded,
  type FromThread,
  JOB_FIELD,
  JOB_FIELDS,
  type KindMessage,
  type OpenMessage,
  PHASE,
  SHARED_BYTES,
  type ToThread,
  WITHDRAWN,
} from './protocol.js';

/** `dying`: terminated, but its thread has not exited. */
export type SlotState = 'booting' | 'idle' | 'busy' | 'dying' | 'gone';

/** Why the running job of a slot shall end: written once, the first reason wins. */
export interface Verdict {
  readonly record: JobRecord;
  readonly outcome: 'timed-out' | 'cancelled' | 'failed' | 'crashed';
  readonly error: Error;
}

/** What a thread is doing, read from shared memory. */
export interface Activity {
  phase: number;
  /** Position in the batch of the job started last; -1 before the first. */
  position: number;
  /** Since when, on the clock of all threads; only where `phase` is not idle. */
  since: number;
}

/** One thread as the dispatcher sees it: its port, its shared memory, and the batch it was given. */
export class Slot {
  state: SlotState = 'booting';
  readonly threadId: number;
  /** Jobs of the batch by position; `undefined` where a job has ended or was taken back. */
  batch: (JobRecord | undefined)[] = [];
  verdict: Verdict | undefined;
  /** No further batch: the thread is replaced when the running job is done. */
  retiring = false;
  /** Resolves when a thread that was terminated has exited. */
  gone: Promise<void> | undefined;
  /** The error nobody caught that ended the thread. */
  fatal: unknown;
  /** Job that called `process.exit`, as the thread said. */
  exitedBy: { jobId: string | undefined; jobName: string | undefined } | undefined;
  isZombie = false;
  /** A look at the thread that is under way: to terminate it now could crash the process or be lost. */
  look: Promise<unknown> | undefined;
  /** When it was opened or last got a batch, and what it had started when last looked at: to notice a thread that is stuck between jobs. */
  seenIdleAt: { position: number; at: number } | undefined;
  readonly #port: MessagePort;
  readonly #far: MessagePort;
  readonly #shared = new SharedArrayBuffer(SHARED_BYTES);
  readonly #cells = new Int32Array(this.#shared, 0, CELLS);
  readonly #since = new Float64Array(this.#shared, CELLS * Int32Array.BYTES_PER_ELEMENT, 1);
  /** Kinds the thread has been told of. */
  readonly #known: boolean[] = [];

  constructor(
    readonly worker: Worker,
    readonly deadline: Deadline,
    receive: (message: FromThread) => void,
  ) {
    this.threadId = worker.threadId;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#far = port2;
    port1.on('message', receive);
    port1.unref();
    this.drain = () => {
      for (let entry = receiveMessageOnPort(port1); entry !== undefined; entry = receiveMessageOnPort(port1)) {
        receive(entry.message as FromThread);
      }
    };
  }

  /** Handles what the thread has sent so far, now. */
  readonly drain: () => void;

  openMessage(idPrefix: string, preload: readonly JobKind[]): OpenMessage {
    for (const kind of preload) this.#known[kind.index] = true;
    return { port: this.#far, shared: this.#shared, idPrefix, preload: preload.map(kindMessage) };
  }

  /** Sends a batch. Throws what `postMessage` throws; then nothing was sent. */
  send(records: JobRecord[]): void {
    const jobs: unknown[] = new Array(records.length * JOB_FIELDS);
    let at = 0;
    let kinds: KindMessage[] | undefined;
    for (const { key, attempt, maxAttempts, input, options, checkpoint, kind } of records) {
      jobs[at + JOB_FIELD.KIND] = kind.index;
      jobs[at + JOB_FIELD.KEY] = key;
      jobs[at + JOB_FIELD.ATTEMPT] = attempt;
      jobs[at + JOB_FIELD.ATTEMPTS] = maxAttempts;
      jobs[at + JOB_FIELD.INPUT] = input;
      jobs[at + JOB_FIELD.METADATA] = options?.metadata;
      jobs[at + JOB_FIELD.RESUME] = checkpoint;
      at += JOB_FIELDS;
      if (!this.#known[kind.index]) {
        kinds ??= [];
        kinds.push(kindMessage(kind));
        this.#known[kind.index] = true;
      }
    }
    Atomics.store(this.#cells, CELL.CLAIMED, 0);
    Atomics.store(this.#cells, CELL.STOP, 0);
    try {
      this.#post({ type: 'run', kinds, jobs }, records[0]?.options?.transfer);
    } catch (error) {
      for (const { index } of kinds ?? []) this.#known[index] = false;
      throw error;
    }
    this.batch = records;
  }

  /** Tells the running job to stop: at once through shared memory, and by a message that carries the reason. */
  stop(position: number, reason: Encoded): void {
    this.#post({ type: 'stop', position, reason });
    Atomics.store(this.#cells, CELL.STOP, position + 1);
  }

  activity(): Activity {
    for (;;) {
      const phase = Atomics.load(this.#cells, CELL.PHASE);
      const claimed = Atomics.load(this.#cells, CELL.CLAIMED);
      const since = this.#since[0] as number;
      const settled = phase === Atomics.load(this.#cells, CELL.PHASE) && claimed === Atomics.load(this.#cells, CELL.CLAIMED);
      if (settled) return { phase, position: Math.min(claimed % WITHDRAWN, this.batch.length) - 1, since };
    }
  }

  /** The running job and since when it runs, or `undefined` between jobs. */
  running(): { record: JobRecord; position: number; since: number; loading: boolean } | undefined {
    const { phase, position, since } = this.activity();
    const record = this.batch[position];
    const runs = phase === PHASE.RUNNING || phase === PHASE.LOADING;
    return runs && record !== undefined ? { record, position, since, loading: phase === PHASE.LOADING } : undefined;
  }

  /** The job that was started last, as long as its result has not arrived: who is to blame when nothing else is known. */
  get suspect(): JobRecord | undefined {
    let { position } = this.activity();
    while (position >= 0 && this.batch[position] === undefined) position--;
    return this.batch[position];
  }

  /** Takes back the jobs that have not been started: the thread will not start them any more. */
  withdraw(): JobRecord[] {
    const claimed =
      Atomics.load(this.#cells, CELL.CLAIMED) >= WITHDRAWN ? this.batch.length : Atomics.add(this.#cells, CELL.CLAIMED, WITHDRAWN);
    return this.#take(claimed);
  }

  /** Takes what is left of the batch: jobs that were started, but whose results did not arrive. */
  takeRest(): JobRecord[] {
    return this.#take(0);
  }

  /** The job is no longer on this thread. */
  takeOut(record: JobRecord): void {
    const position = this.batch.indexOf(record);
    if (position >= 0) this.batch[position] = undefined;
  }

  close(): void {
    this.#port.close();
  }

  #take(from: number): JobRecord[] {
    const taken: JobRecord[] = [];
    for (let position = from; position < this.batch.length; position++) {
      const record = this.batch[position];
      if (record !== undefined) taken.push(record);
      this.batch[position] = undefined;
    }
    return taken;
  }

  #post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

function kindMessage({ index, definition: { name, module } }: JobKind): KindMessage {
  return { index, name, module };
}

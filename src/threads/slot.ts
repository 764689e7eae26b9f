import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { JobKind } from '../job/kind.js';
import type { JobRecord } from '../job/record.js';
import { BATCH_MS } from './batch.js';
import type { Deadline } from './deadline.js';
import { Inbox } from './inbox.js';
import { exited } from './pool.js';
import type { Run } from './runner.js';
import { EarlyResults } from './wire/early-results.js';
import { isFromThread } from './wire/from-thread.js';
import type { Encoded, FromThread, HandlerMessage, OpenMessage, Position, ToThread } from './wire/protocol.js';
import { kindMessage, runMessage } from './wire/run-message.js';
import { CELL, PHASE, SharedMemory, WITHDRAWN } from './wire/shared-memory.js';

/** `dying`: terminated, but its thread has not exited. */
export type SlotState = 'booting' | 'idle' | 'busy' | 'dying' | 'gone';

/** Why a job of a slot shall end: the first reason wins, but for a cancel. Gone when the job's result arrives first. */
export interface Verdict {
  readonly record: JobRecord;
  readonly outcome: 'timed-out' | 'cancelled' | 'failed' | 'crashed';
  readonly error: Error;
}

/** What a thread is doing, read from shared memory. */
export interface Activity {
  phase: number;
  /** Position of the job started last; -1 before the first. Past it when jobs were taken back: where no job is. */
  position: Position;
  /** Since when, on the clock of all threads; only where `phase` is not idle. */
  since: number;
}

/** Batches on their way to one thread at a time: it works on one while the other waits in its port, so it never waits for the main thread. */
const MAX_BATCHES = 2;
/** A thread with this much work, by usual run times in milliseconds, gets no more ahead. */
const AHEAD_MS = 20;
/** Positions count up to here; then the thread is left to come to rest, where they begin again. */
const MAX_POSITION = 1 << 29;

/** Messages of a thread that are no results; what there may be is bounded on its side. */
const MAX_OTHER_MESSAGES = 256;

/** A batch the thread has not said to be over. */
interface Sent {
  /** Position after its last job. */
  readonly end: Position;
  /** By usual run times, in milliseconds. */
  readonly cost: number;
}

/** One thread as the dispatcher sees it: its port, its shared memory, and the jobs it was given. */
export class Slot {
  state: SlotState = 'booting';
  readonly threadId: number;
  verdict: Verdict | undefined;
  /** No further batch: the thread is replaced when the running job is done. */
  retiring = false;
  /** Resolves when the thread has exited. */
  readonly exited: Promise<void>;
  /** The error nobody caught that ended the thread. */
  fatal: unknown;
  /** Job that called `process.exit`, as the thread said. */
  exitedBy: { jobId: string | undefined; jobName: string | undefined } | undefined;
  isZombie = false;
  /** A look into the thread that is under way: to terminate it now could crash the process or be lost. */
  inspection: Promise<unknown> | undefined;
  /** The module of the queue's `jobs` that it loads while it boots, and since when. */
  loading: { kind: JobKind; since: number } | undefined;
  /** When the load began that people were told of, for it takes long. */
  warnedOf: number | undefined;
  /** As the operating system knows the thread, once it has opened and where that is known. */
  kernelThreadId: number | undefined;
  /** When it was first seen between two jobs, and which: to notice a thread that is stuck there. */
  seenIdleAt: { position: Position; at: number } | undefined;
  /** What its handlers say. */
  readonly inbox: Inbox;
  readonly #port: MessagePort;
  /** The thread's ends. */
  readonly #far: { readonly port: MessagePort; readonly messages: MessagePort };
  readonly #shared: SharedMemory;
  readonly #early: EarlyResults;
  readonly #receive: (message: FromThread | HandlerMessage) => void;
  /** Kinds the thread has been told of. */
  readonly #known: boolean[] = [];
  /** Jobs by their place; `undefined` where a job has ended or was taken back. */
  readonly #records: (JobRecord | undefined)[];
  /** All jobs before this position have ended, or were taken back. */
  #first: Position = 0;
  /** Position of the next job that is sent. */
  #next: Position = 0;
  #batches: Sent[] = [];
  #withdrawn = false;

  /** `maxBatch`: most jobs of one message. */
  constructor(
    readonly worker: Worker,
    readonly deadline: Deadline,
    maxBatch: number,
    receive: (message: FromThread | HandlerMessage) => void,
  ) {
    this.threadId = worker.threadId;
    this.exited = exited(worker);
    const places = 2 ** Math.ceil(Math.log2(MAX_BATCHES * maxBatch));
    this.#shared = SharedMemory.for(places);
    this.#early = new EarlyResults(this.#shared);
    this.#records = new Array(places).fill(undefined);
    const { port1, port2 } = new MessageChannel();
    const messages = new MessageChannel();
    this.#port = port1;
    this.#far = { port: port2, messages: messages.port2 };
    this.#receive = receive;
    this.inbox = new Inbox(messages.port1, this.#shared.cells, receive);
    port1.on('message', (message: unknown) => this.#received(message));
    port1.unref();
  }

  #received(message: unknown): void {
    if (!isFromThread(message)) return;
    // What jobs have said comes before their results.
    if (message.type === 'results') this.inbox.read(Number.POSITIVE_INFINITY);
    if (message.type === 'mailbox') this.inbox.use(message.of, message.memory);
    else this.#receive(message);
  }

  /** Handles what the thread has sent, and its handlers have said so far, now. No jobs must start meanwhile: so what there is has an end. */
  drain(): void {
    for (let left = this.#records.length + MAX_OTHER_MESSAGES; left > 0; left--) {
      try {
        const entry = receiveMessageOnPort(this.#port);
        if (entry === undefined) break;
        this.#received(entry.message);
      } catch {}
    }
    this.inbox.readLast(this.running()?.position);
    this.takeEarly();
  }

  /** Handles the results of jobs that have ended, but which the thread could not send yet. */
  takeEarly(): void {
    const message = this.#early.before(this.activity().position + 1);
    if (message !== undefined) this.#received(message);
  }

  openMessage(idPrefix: string, preload: readonly JobKind[]): OpenMessage {
    for (const kind of preload) this.#known[kind.index] = true;
    return { ...this.#far, shared: this.#shared.buffer, idPrefix, preload: preload.map(kindMessage) };
  }

  // --- Jobs go to the thread

  /** Whether a busy thread may get a batch ahead of its time. */
  get takesAhead(): boolean {
    if (this.#withdrawn || this.retiring || this.verdict !== undefined || this.#next >= MAX_POSITION) return false;
    return this.#batches.length < MAX_BATCHES && this.#load < AHEAD_MS;
  }

  /** Whether a job on the thread waits for another one there. */
  get holdsBack(): boolean {
    return this.#next - this.#first > 1;
  }

  /** Whether jobs of a lower priority stand in the way of one, for longer than a batch takes. */
  delays(priority: number): boolean {
    if (this.#withdrawn || !this.holdsBack || this.#load <= BATCH_MS) return false;
    const last = this.at(this.#next - 1);
    return last !== undefined && last.priority < priority;
  }

  get #load(): number {
    let load = 0;
    for (const { cost } of this.#batches) load += cost;
    return load;
  }

  /** Sends a batch; `cost` by usual run times in milliseconds. Throws what `postMessage` throws; then nothing was sent. */
  send(records: readonly JobRecord[], cost: number): void {
    if (this.#batches.length === 0) this.#rewind();
    const message = runMessage(this.#next, records, this.#known);
    try {
      this.#post(message, records[0]?.options?.transfer);
    } catch (error) {
      for (const { index } of message.kinds ?? []) this.#known[index] = false;
      throw error;
    }
    for (const record of records) this.#records[this.#next++ & this.#shared.mask] = record;
    this.#batches.push({ end: this.#next, cost });
  }

  /** The thread is at rest: it has nothing, and looks at nothing of what this writes. */
  #rewind(): void {
    this.#first = 0;
    this.#next = 0;
    this.#withdrawn = false;
    Atomics.store(this.#shared.cells, CELL.CLAIMED, 0);
    Atomics.store(this.#shared.cells, CELL.STOP, 0);
    Atomics.store(this.#shared.cells, CELL.MUTED, 0);
  }

  /** Tells the running job to stop: at once through shared memory, and by a message that carries the reason. */
  stop(position: Position, reason: Encoded): void {
    this.#post({ type: 'stop', position, reason });
    Atomics.store(this.#shared.cells, CELL.STOP, position + 1);
  }

  /** From now on the running job says nothing more: its thread will be terminated. */
  mute(): void {
    Atomics.store(this.#shared.cells, CELL.MUTED, this.activity().position + 1);
  }

  // --- What the thread has

  /** The job at a position, as long as it is on the thread. */
  at(position: Position): JobRecord | undefined {
    return position < this.#first || position >= this.#next ? undefined : this.#records[position & this.#shared.mask];
  }

  /** Jobs on the thread, in their order, from a position on. */
  records(from = this.#first): JobRecord[] {
    const records: JobRecord[] = [];
    for (let position = Math.max(from, this.#first); position < this.#next; position++) {
      const record = this.at(position);
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** The job that the others wait for. */
  get front(): JobRecord | undefined {
    for (let position = this.#first; position < this.#next; position++) {
      const record = this.at(position);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  /** Position of a job; -1 when it is not on the thread. */
  positionOf(record: JobRecord): Position {
    for (let position = this.#first; position < this.#next; position++) if (this.at(position) === record) return position;
    return -1;
  }

  activity(): Activity {
    const { cells, since } = this.#shared;
    for (;;) {
      const phase = Atomics.load(cells, CELL.PHASE);
      const claimed = Atomics.load(cells, CELL.CLAIMED);
      const time = since[0] as number;
      const settled = phase === Atomics.load(cells, CELL.PHASE) && claimed === Atomics.load(cells, CELL.CLAIMED);
      if (settled) return { phase, position: Math.min(claimed % WITHDRAWN, this.#next) - 1, since: time };
    }
  }

  /** Whether the thread runs nothing now, though it has not said so yet. */
  get isBetweenJobs(): boolean {
    return this.activity().phase === PHASE.IDLE;
  }

  /** The running job and since when it runs, or `undefined` between jobs. */
  running(): { record: JobRecord; position: Position; since: number; loading: boolean } | undefined {
    const { phase, position, since } = this.activity();
    const record = this.at(position);
    const runs = phase === PHASE.RUNNING || phase === PHASE.LOADING;
    return runs && record !== undefined ? { record, position, since, loading: phase === PHASE.LOADING } : undefined;
  }

  /** The job that was started last, as long as its result has not arrived: who is to blame when nothing else is known. */
  get suspect(): JobRecord | undefined {
    for (let { position } = this.activity(); position >= this.#first; position--) {
      const record = this.at(position);
      if (record !== undefined) return record;
    }
    return undefined;
  }

  // --- Jobs leave the thread

  /** When the job at a position was started, on the clock of all threads, and how long it ran, in milliseconds; once it has ended. */
  startedAt(position: Position): number {
    return this.#shared.startedAt[position & this.#shared.mask] as number;
  }

  duration(position: Position): number {
    return this.#shared.duration[position & this.#shared.mask] as number;
  }

  /** Takes the job at a position: its result has arrived. */
  take(position: Position): JobRecord | undefined {
    const record = this.at(position);
    if (record === undefined) return undefined;
    this.#records[position & this.#shared.mask] = undefined;
    if (position === this.#first) this.#first++;
    return record;
  }

  /** A batch is over. Gives a job of it that was started, but whose result has not arrived: it never will. */
  batchOver(): JobRecord | undefined {
    const end = this.#batches.shift()?.end ?? this.#first;
    for (; this.#first < end; this.#first++) {
      const lost = this.at(this.#first);
      if (lost !== undefined) return lost;
    }
    return undefined;
  }

  /** Whether the thread has nothing to do. */
  get isAtRest(): boolean {
    return this.#batches.length === 0;
  }

  /** Takes back the jobs that have not been started: the thread will not start them any more. */
  withdraw(): JobRecord[] {
    if (this.#withdrawn) return [];
    this.#withdrawn = true;
    const from = Atomics.add(this.#shared.cells, CELL.CLAIMED, WITHDRAWN);
    const taken = this.records(from);
    for (let position = Math.max(from, this.#first); position < this.#next; position++)
      this.#records[position & this.#shared.mask] = undefined;
    return taken;
  }

  /** Takes what is left: jobs that were started, but whose results did not arrive. All but the one started last had finished. */
  takeRest(now: number): Map<JobRecord, Run> {
    const { position: last } = this.activity();
    const since = this.running()?.since ?? now;
    const rest = new Map<JobRecord, Run>();
    for (let position = this.#first; position < this.#next; position++) {
      const record = this.take(position);
      if (record === undefined) continue;
      const ended = position < last;
      const startedAt = ended ? this.startedAt(position) : since;
      const duration = ended ? this.duration(position) : Math.max(0, now - since);
      rest.set(record, { startedAt, duration, started: true });
    }
    return rest;
  }

  /** Whether jobs that were started before the running one wait for their results to arrive. */
  get owesResults(): boolean {
    return this.#first < this.activity().position;
  }

  /** Asks the thread to end by itself. */
  end(): void {
    this.#post({ type: 'end' });
  }

  close(): void {
    this.#port.close();
    this.inbox.close();
  }

  #post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}

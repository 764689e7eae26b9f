/**
 * What runs in a job thread. Piscina starts it and calls the default export once; from then on batches come and
 * results go through a port of our own, and the shared memory says what is running since when.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { monotonicNow } from '../../clock.js';
import type { JobDefinition } from '../../job/definition.js';
import { pack } from '../../job/payload.js';
import { clearImmediate, setImmediate } from '../../timers.js';
import { EarlyResults } from '../wire/early-results.js';
import { decodeThrown, encodeThrown } from '../wire/error-codec.js';
import { kernelThreadId } from '../wire/kernel-thread.js';
import {
  type Encoded,
  type FromThread,
  type KindMessage,
  type OpenMessage,
  type Position,
  RESULT,
  type RunMessage,
  THREAD_MARK,
  type ToThread,
} from '../wire/protocol.js';
import { CELL, PHASE, SharedMemory, WITHDRAWN } from '../wire/shared-memory.js';
import { HandlerContext, type HandlerLink } from './handler-context.js';
import { Messenger } from './job-messages.js';
import { loadDefinition } from './module-loader.js';
import { Outbox } from './outbox.js';
import { checkedOutput } from './output.js';
import { installProbe } from './probe.js';
import { afterOutput, boundOutput } from './standard-output.js';
import { movedOf } from './transfer.js';

// Taken now: handlers may change the globals.
const { add, load, store } = Atomics;
const { exit } = process;

/** Results that are older than this leave before their batch has ended, in milliseconds: a kill makes no more than this run twice. */
const EARLY_RESULTS = 1;

const MAX_LATE_ERRORS = 16;

/** Both are its own: `Object.prototype` may have either. */
type Loaded = { definition: JobDefinition; error: undefined } | { definition: undefined; error: Encoded };

/** Who an error nobody caught is charged to: a job, or a module, which has no id. */
interface Owner {
  readonly id: string | undefined;
  readonly name: string;
}

class JobThread {
  readonly #port: MessagePort;
  readonly #link: HandlerLink;
  readonly #shared: SharedMemory;
  readonly #kinds: KindMessage[] = [];
  readonly #loaded: Loaded[] = [];
  /** Who left the error nobody caught: everything a handler starts carries its context along. */
  readonly #owner = new AsyncLocalStorage<Owner>();
  /** Batches that have come while another was run. */
  #queued: RunMessage[] = [];
  #working = false;
  #current: HandlerContext | undefined;
  #last: HandlerContext | undefined;
  readonly #outbox: Outbox;
  readonly #early: EarlyResults;
  /** A result that has not left lies nowhere else: it leaves before another job starts. */
  #atRisk = false;
  /** Position after the last job of the batch. */
  #end = 0;
  /** Errors told that were left by jobs that had ended: after the first this thread is replaced, so it need not tell of many. */
  #lateErrors = 0;
  /** When the last job ended, or what came after it: the clock is read once between two jobs. */
  #now = monotonicNow();
  #flushed = 0;
  #flushSoon: NodeJS.Immediate | undefined;
  /** An error nobody caught came from the running job: its state is unknown, no further job may start here. */
  #broken = false;

  constructor({ port, messages, shared, idPrefix }: OpenMessage) {
    this.#port = port;
    this.#shared = new SharedMemory(shared);
    this.#early = new EarlyResults(this.#shared);
    const { cells } = this.#shared;
    const receive = (message: ToThread) => this.#receive(message);
    const receiveNext = () => {
      const entry = receiveMessageOnPort(port);
      if (entry !== undefined) receive(entry.message as ToThread);
      return entry !== undefined;
    };
    const messenger = new Messenger(port, messages, cells);
    this.#link = { idPrefix, cells, receiveNext, messagesOf: (position) => messenger.of(position) };
    this.#outbox = new Outbox(port);
    process.on('uncaughtException', (error) => this.#uncaught(error));
    process.on('exit', () => this.#exiting());
    port.on('message', receive);
  }

  async open(preload: KindMessage[]): Promise<void> {
    const failures: Encoded[] = [];
    for (const kind of preload) {
      this.#kinds[kind.index] = kind;
      this.#send({ type: 'loading', kind: kind.index });
      const loaded = await this.#load(kind.index);
      if (loaded.error !== undefined) failures.push(loaded.error);
    }
    this.#send({ type: 'open', failures, kernelThreadId: kernelThreadId() });
  }

  #receive(message: ToThread): void {
    if (message.type === 'stop') {
      if (this.#current?.position === message.position) this.#current.abort(decodeThrown(message.reason));
      return;
    }
    // Exit handlers run.
    if (message.type === 'end') return afterOutput(exit);
    // Not `push`: a handler may have changed it, and no job must get lost.
    this.#queued[this.#queued.length] = message;
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    // What was run is let go: a busy thread may never see its queue empty.
    while (this.#queued.length > 0 && !this.#broken) {
      const batches = this.#queued;
      this.#queued = [];
      for (let next = 0; next < batches.length && !this.#broken; next++) await this.#runBatch(batches[next] as RunMessage);
    }
    this.#working = false;
  }

  async #runBatch(batch: RunMessage): Promise<void> {
    for (const kind of batch.kinds ?? []) this.#kinds[kind.index] = kind;
    const { first, kind } = batch;
    const end = first + kind.length;
    this.#end = end;
    this.#early.left(first);
    this.#tick();
    this.#flushed = this.#now;
    for (let index = 0; index < kind.length && !this.#broken; index++) {
      if (this.#atRisk) this.#flush(false);
      this.#early.clear(first + index);
      // More than its position: the jobs from here on have been taken back.
      if (add(this.#shared.cells, CELL.CLAIMED, 1) >= end) break;
      const loaded = this.#loaded[kind[index] as number] ?? (await this.#load(kind[index] as number));
      const pending = this.#run(loaded, batch, index);
      if (pending === undefined) continue;
      await pending;
      // Something else may have run in between.
      this.#tick();
    }
    if (!this.#broken) this.#flush(true);
  }

  /** Starts one job; gives a promise when the handler, or the check of its output, needs one. */
  #run(loaded: Loaded, batch: RunMessage, index: number): Promise<void> | undefined {
    const position = batch.first + index;
    const startedAt = this.#now;
    this.#shared.startedAt[position & this.#shared.mask] = startedAt;
    this.#enter(PHASE.RUNNING, startedAt);
    if (loaded.error !== undefined) {
      this.#finish(position, RESULT.FAILED, loaded.error);
      return;
    }
    const { definition } = loaded;
    const extras = batch.extras?.[index];
    const context = new HandlerContext(
      this.#link,
      position,
      batch.keys[index] as number | string,
      definition.name,
      extras?.attempt ?? 1,
      extras?.maxAttempts ?? (this.#kinds[batch.kind[index] as number] as KindMessage).maxAttempts,
      extras?.metadata,
      extras?.lastCheckpoint,
    );
    this.#current = context;
    try {
      const output = this.#owner.run(context, definition.run, batch.inputs[index], context);
      if (!isThenable(output) && definition.output === undefined) {
        this.#completed(context, output);
        return;
      }
      return this.#settle(context, definition, output);
    } catch (error) {
      this.#failed(context, error);
    }
  }

  async #settle(context: HandlerContext, definition: JobDefinition, output: unknown): Promise<void> {
    // While this job waits, the results of those before it need not.
    if (!this.#outbox.isEmpty) this.#flushSoon ??= setImmediate(() => this.#flush(false));
    try {
      const value = await output;
      this.#completed(context, definition.output === undefined ? value : await checkedOutput(definition, value));
    } catch (error) {
      this.#failed(context, error);
    }
  }

  #completed(context: HandlerContext, output: unknown): void {
    if (context.ended) return;
    const moved = movedOf(output);
    const { value } = pack(moved === undefined ? output : moved.result, 'result');
    if (moved !== undefined) this.#outbox.move(moved.buffers);
    this.#close(context, false);
    this.#finish(context.position, RESULT.COMPLETED, value);
  }

  #failed(context: HandlerContext, error: unknown): void {
    if (context.ended) return;
    this.#close(context, true);
    this.#finish(context.position, RESULT.FAILED, encodeThrown(error));
  }

  #close(context: HandlerContext, failed: boolean): void {
    context.end(failed);
    this.#last = context;
    this.#current = undefined;
  }

  #finish(position: Position, result: number, value: unknown): void {
    const { startedAt, duration, mask, cells } = this.#shared;
    const now = this.#tick();
    duration[position & mask] = now - (startedAt[position & mask] as number);
    store(cells, CELL.PHASE, PHASE.IDLE);
    if (!this.#outbox.joins(position)) {
      this.#flush(false);
      this.#early.left(position);
    }
    this.#outbox.add(position, result, value);
    // The last of a batch leaves with the word that it is over.
    if (position + 1 >= this.#end || load(cells, CELL.CLAIMED) >= WITHDRAWN) return;
    if (now - this.#flushed > EARLY_RESULTS) this.#flush(false);
    else this.#atRisk = result !== RESULT.COMPLETED || this.#outbox.moves || !this.#early.put(position, value);
  }

  #flush(last: boolean): void {
    if (this.#flushSoon !== undefined) clearImmediate(this.#flushSoon);
    this.#flushSoon = undefined;
    if (last || !this.#outbox.isEmpty) {
      const between = this.#current === undefined;
      if (between) this.#enter(PHASE.SENDING, this.#now);
      const next = this.#outbox.send(last);
      // After the last one the queue may begin anew, at once.
      if (!last && next !== undefined) this.#early.left(next);
      this.#atRisk = false;
      if (between) store(this.#shared.cells, CELL.PHASE, PHASE.IDLE);
    }
    this.#flushed = this.#tick();
  }

  async #load(index: number): Promise<Loaded> {
    if (!this.#outbox.isEmpty) this.#flush(false);
    this.#enter(PHASE.LOADING, this.#tick());
    const kind = this.#kinds[index] as KindMessage;
    let loaded: Loaded;
    try {
      loaded = { definition: await this.#owner.run({ id: undefined, name: kind.name }, loadDefinition, kind), error: undefined };
    } catch (error) {
      loaded = { definition: undefined, error: encodeThrown(error) };
    }
    this.#loaded[index] = loaded;
    store(this.#shared.cells, CELL.PHASE, PHASE.IDLE);
    this.#tick();
    return loaded;
  }

  /** Says in shared memory what runs since when. The time is written first: whoever sees the phase sees its time. */
  #enter(phase: number, since: number): void {
    this.#shared.since[0] = since;
    store(this.#shared.cells, CELL.PHASE, phase);
  }

  #tick(): number {
    this.#now = monotonicNow();
    return this.#now;
  }

  /**
   * An error nobody caught. From the running job: the attempt has crashed. From one that had ended: it is reported
   * with that job's id, and the queue replaces this thread when the running job is done.
   */
  #uncaught(thrown: unknown): void {
    const error = encodeThrown(thrown);
    const owner = this.#owner.getStore() ?? this.#current ?? this.#last;
    const current = this.#current;
    if (current !== undefined && owner === current) {
      this.#broken = true;
      this.#close(current, true);
      this.#finish(current.position, RESULT.CRASHED, error);
      // Not the last word: the batch is not over, this thread is.
      this.#flush(false);
    } else if (++this.#lateErrors <= MAX_LATE_ERRORS) this.#send({ type: 'late-error', jobId: owner?.id, jobName: owner?.name, error });
  }

  #exiting(): void {
    const owner = this.#owner.getStore() ?? this.#current ?? this.#last;
    this.#flush(false);
    this.#send({ type: 'exit', jobId: owner?.id, jobName: owner?.name });
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Called once by Piscina, when the thread has booted: it has said so through the thread's own port, and needs it no
 * more. Nobody listens to what handlers would send there, but the main thread would have to read it.
 */
export default function open(message: OpenMessage): void {
  parentPort?.close();
  boundOutput(process.stdout);
  boundOutput(process.stderr);
  Object.defineProperty(globalThis, THREAD_MARK, { value: true });
  installProbe();
  void new JobThread(message).open(message.preload);
}

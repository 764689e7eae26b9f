/**
 * What runs in a job thread. Piscina starts it and calls the default export once; from then on batches come and
 * results go through a port of our own, and the shared memory says what is running since when.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { monotonicNow } from '../clock.js';
import type { JobDefinition } from '../job/definition.js';
import { pack } from '../job/payload.js';
import { decodeThrown, encodeThrown } from './error-codec.js';
import { HandlerContext } from './handler-context.js';
import { loadDefinition } from './module-loader.js';
import { checkedOutput, notReturned } from './output.js';
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
  RESULT,
  RESULT_FIELD,
  RESULT_FIELDS,
  THREAD_MARK,
  type ToThread,
} from './protocol.js';
import { movedOf } from './transfer.js';

// Taken now: handlers may change the globals.
const { add, store } = Atomics;
const { setImmediate, clearImmediate } = globalThis;

/** Results that are older than this leave before their batch has ended, in milliseconds: a kill makes no more than this run twice. */
const EARLY_RESULTS = 1;

type Loaded = { definition: JobDefinition } | { error: Encoded };

/** Who an error nobody caught is charged to: a job, or a module, which has no id. */
interface Owner {
  readonly id: string | undefined;
  readonly name: string;
}

class JobThread {
  readonly #port: OpenMessage['port'];
  readonly #idPrefix: string;
  readonly #cells: Int32Array;
  readonly #since: Float64Array;
  readonly #kinds: KindMessage[] = [];
  readonly #loaded: Loaded[] = [];
  /** Who left the error nobody caught: everything a handler starts carries its context along. */
  readonly #owner = new AsyncLocalStorage<Owner>();
  #current: HandlerContext | undefined;
  #last: HandlerContext | undefined;
  #results: unknown[] = [];
  /** Buffers that the results do not copy. */
  #moving = new Set<ArrayBuffer>();
  #flushed = 0;
  #flushSoon: NodeJS.Immediate | undefined;
  /** An error nobody caught came from the running job: its state is unknown, no further job may start here. */
  #broken = false;

  constructor({ port, shared, idPrefix }: OpenMessage) {
    this.#idPrefix = idPrefix;
    this.#port = port;
    this.#cells = new Int32Array(shared, 0, CELLS);
    this.#since = new Float64Array(shared, CELLS * Int32Array.BYTES_PER_ELEMENT, 1);
    process.on('uncaughtException', (error) => this.#uncaught(error));
    process.on('exit', () => this.#exiting());
    port.on('message', (message: ToThread) => this.#receive(message));
  }

  async open(preload: KindMessage[]): Promise<void> {
    const failures: Encoded[] = [];
    for (const kind of preload) {
      this.#kinds[kind.index] = kind;
      const loaded = await this.#load(kind.index);
      if ('error' in loaded) failures.push(loaded.error);
    }
    this.#send({ type: 'open', failures });
  }

  #receive(message: ToThread): void {
    if (message.type === 'stop') {
      if (this.#current?.position === message.position) this.#current.abort(decodeThrown(message.reason));
      return;
    }
    for (const kind of message.kinds ?? []) this.#kinds[kind.index] = kind;
    void this.#runBatch(message.jobs);
  }

  async #runBatch(jobs: unknown[]): Promise<void> {
    const count = jobs.length / JOB_FIELDS;
    this.#flushed = monotonicNow();
    while (!this.#broken) {
      const position = add(this.#cells, CELL.CLAIMED, 1);
      if (position >= count) break;
      const kind = jobs[position * JOB_FIELDS + JOB_FIELD.KIND] as number;
      const loaded = this.#loaded[kind] ?? (await this.#load(kind));
      const startedAt = this.#enter(PHASE.RUNNING);
      if ('error' in loaded) this.#finish(position, RESULT.FAILED, loaded.error, startedAt);
      else {
        const pending = this.#run(loaded.definition, jobs, position, startedAt);
        if (pending !== undefined) await pending;
      }
    }
    if (!this.#broken) this.#flush(true);
  }

  /** Starts one job; gives a promise when the handler, or the check of its output, needs one. */
  #run(definition: JobDefinition, jobs: unknown[], position: number, startedAt: number): Promise<void> | undefined {
    const at = position * JOB_FIELDS;
    const input = jobs[at + JOB_FIELD.INPUT];
    const context = new HandlerContext(
      this.#idPrefix,
      jobs[at + JOB_FIELD.KEY] as number | string,
      definition.name,
      jobs[at + JOB_FIELD.ATTEMPT] as number,
      jobs[at + JOB_FIELD.ATTEMPTS] as number,
      jobs[at + JOB_FIELD.METADATA],
      jobs[at + JOB_FIELD.RESUME],
      position,
      this.#port,
      this.#cells,
    );
    this.#current = context;
    try {
      const output = this.#owner.run(context, definition.run, input, context);
      if (!isThenable(output) && definition.output === undefined) {
        this.#completed(context, output, startedAt);
        return;
      }
      return this.#settle(context, definition, output, startedAt);
    } catch (error) {
      this.#failed(context, error, startedAt);
    }
  }

  async #settle(context: HandlerContext, definition: JobDefinition, output: unknown, startedAt: number): Promise<void> {
    // While this job waits, the results of those before it need not.
    if (this.#results.length > 0) this.#flushSoon ??= setImmediate(() => this.#flush(false));
    try {
      const value = await output;
      this.#completed(context, definition.output === undefined ? value : await checkedOutput(definition, value), startedAt);
    } catch (error) {
      this.#failed(context, error, startedAt);
    }
  }

  #completed(context: HandlerContext, output: unknown, startedAt: number): void {
    if (context.ended) return;
    const moved = movedOf(output);
    const { value } = pack(moved === undefined ? output : moved.result, 'result');
    for (const buffer of moved?.buffers ?? []) this.#moving.add(buffer);
    this.#end(context);
    this.#finish(context.position, RESULT.COMPLETED, value, startedAt);
  }

  #failed(context: HandlerContext, error: unknown, startedAt: number): void {
    if (context.ended) return;
    this.#end(context);
    this.#finish(context.position, RESULT.FAILED, encodeThrown(error), startedAt);
  }

  #end(context: HandlerContext): void {
    context.ended = true;
    this.#last = context;
    this.#current = undefined;
  }

  #finish(position: number, result: number, value: unknown, startedAt: number): void {
    const now = monotonicNow();
    store(this.#cells, CELL.PHASE, PHASE.IDLE);
    const results = this.#results;
    const at = results.length;
    // Not `push`: a handler may have changed it, and no result must get lost.
    results[at + RESULT_FIELD.POSITION] = position;
    results[at + RESULT_FIELD.RESULT] = result;
    results[at + RESULT_FIELD.VALUE] = value;
    results[at + RESULT_FIELD.STARTED_AT] = startedAt;
    results[at + RESULT_FIELD.DURATION] = now - startedAt;
    if (now - this.#flushed > EARLY_RESULTS) this.#flush(false);
  }

  #flush(last: boolean): void {
    if (this.#flushSoon !== undefined) clearImmediate(this.#flushSoon);
    this.#flushSoon = undefined;
    this.#flushed = monotonicNow();
    const results = this.#results;
    if (results.length === 0 && !last) return;
    const moving = this.#moving;
    this.#results = [];
    if (moving.size > 0) this.#moving = new Set();
    const between = this.#current === undefined;
    if (between) this.#enter(PHASE.SENDING);
    try {
      this.#send({ type: 'results', results, last }, moving);
    } catch {
      replaceUncloneable(results);
      this.#send({ type: 'results', results, last });
    }
    if (between) store(this.#cells, CELL.PHASE, PHASE.IDLE);
  }

  async #load(index: number): Promise<Loaded> {
    this.#enter(PHASE.LOADING);
    const kind = this.#kinds[index] as KindMessage;
    let loaded: Loaded;
    try {
      loaded = { definition: await this.#owner.run({ id: undefined, name: kind.name }, loadDefinition, kind) };
    } catch (error) {
      loaded = { error: encodeThrown(error) };
    }
    this.#loaded[index] = loaded;
    store(this.#cells, CELL.PHASE, PHASE.IDLE);
    return loaded;
  }

  /** Says in shared memory what runs since when. The time is written first: whoever sees the phase sees its time. */
  #enter(phase: number): number {
    const now = monotonicNow();
    this.#since[0] = now;
    store(this.#cells, CELL.PHASE, phase);
    return now;
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
      this.#end(current);
      this.#finish(current.position, RESULT.CRASHED, error, this.#since[0] as number);
      // Not the last word: the batch is not over, this thread is.
      this.#flush(false);
    } else this.#send({ type: 'late-error', jobId: owner?.id, jobName: owner?.name, error });
  }

  #exiting(): void {
    const owner = this.#owner.getStore() ?? this.#current ?? this.#last;
    this.#flush(false);
    this.#send({ type: 'exit', jobId: owner?.id, jobName: owner?.name });
  }

  #send(message: FromThread, moving?: Set<ArrayBuffer>): void {
    if (moving === undefined || moving.size === 0) this.#port.postMessage(message);
    else this.#port.postMessage(message, [...moving]);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** One result that cannot be cloned fails its own job; the others of the message are innocent. */
function replaceUncloneable(results: unknown[]): void {
  for (let at = 0; at < results.length; at += RESULT_FIELDS) {
    try {
      structuredClone(results[at + RESULT_FIELD.VALUE]);
    } catch (error) {
      results[at + RESULT_FIELD.RESULT] = RESULT.FAILED;
      results[at + RESULT_FIELD.VALUE] = encodeThrown(notReturned(error));
    }
  }
}

/** Called once by Piscina, when the thread has booted. */
export default function open(message: OpenMessage): void {
  Object.defineProperty(globalThis, THREAD_MARK, { value: true });
  void new JobThread(message).open(message.preload);
}

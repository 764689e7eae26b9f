import { inspect } from 'node:util';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CancelledError } from '../errors.js';
import type { JobContext, JobLog } from '../job/context.js';
import { pack } from '../job/payload.js';
import { decodeThrown } from './error-codec.js';
import { CELL, type FromThread, type LogLevel, type ToThread } from './protocol.js';

const { load } = Atomics;
const { setImmediate } = globalThis;
const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** The thread's side of a job's context. */
export class HandlerContext implements JobContext {
  /** Set when the attempt has ended: what a handler leaves behind can no longer speak for it. */
  ended = false;
  #controller: AbortController | undefined;
  #log: JobLog | undefined;

  readonly #idPrefix: string;
  readonly #key: number | string;
  readonly #port: MessagePort;
  readonly #cells: Int32Array;

  constructor(
    idPrefix: string,
    key: number | string,
    readonly name: string,
    readonly attempt: number,
    readonly attempts: number,
    readonly metadata: unknown,
    readonly resume: unknown,
    /** Its place in the batch. */
    readonly position: number,
    port: MessagePort,
    cells: Int32Array,
  ) {
    this.#idPrefix = idPrefix;
    this.#key = key;
    // Private for handlers too: what is ours is not theirs to close.
    this.#port = port;
    this.#cells = cells;
  }

  get id(): string {
    return typeof this.#key === 'string' ? this.#key : this.#idPrefix + this.#key;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // Told to stop already: the listeners that the handler adds now shall hear of it.
      if (this.aborted) setImmediate(() => this.#readStop());
    }
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return load(this.#cells, CELL.STOP) === this.position + 1 && !this.ended;
  }

  throwIfAborted(): void {
    if (!this.aborted) return;
    this.#readStop();
    throw this.signal.reason;
  }

  progress(value: unknown): void {
    this.#send({ type: 'progress', position: this.position, value: pack(value, 'progress').value });
  }

  checkpoint(state: unknown): void {
    this.#send({ type: 'checkpoint', position: this.position, value: pack(state, 'checkpoint').value });
  }

  get log(): JobLog {
    this.#log ??= Object.fromEntries(LEVELS.map((level) => [level, (...args: unknown[]) => this.#line(level, args)])) as unknown as JobLog;
    return this.#log;
  }

  /** Raises {@link signal}. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** A loop that never yields receives no event: the message that came with the stop flag is read here. */
  #readStop(): void {
    if (this.#controller?.signal.aborted) return;
    const received = receiveMessageOnPort(this.#port)?.message as ToThread | undefined;
    this.abort(received?.type === 'stop' ? decodeThrown(received.reason) : new CancelledError(`${this.name} was told to stop`));
  }

  #line(level: LogLevel, args: unknown[]): void {
    const { position } = this;
    try {
      this.#send({ type: 'log', position, level, args });
    } catch {
      this.#send({ type: 'log', position, level, args: args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg))) });
    }
  }

  #send(message: FromThread): void {
    if (!this.ended) this.#port.postMessage(message);
  }
}

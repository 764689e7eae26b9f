import { inspect } from 'node:util';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CancelledError } from '../../errors.js';
import type { JobContext, JobLog } from '../../job/context.js';
import { pack } from '../../job/payload.js';
import { setImmediate } from '../../timers.js';
import type { FromThread, LogLevel, Position, ToThread } from '../wire/protocol.js';
import { CELL } from '../wire/shared-memory.js';

const { load } = Atomics;
const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** What the contexts of a thread's jobs share. */
export interface HandlerLink {
  /** What the id of a job with a number begins with. */
  readonly idPrefix: string;
  readonly port: MessagePort;
  readonly cells: Int32Array;
  /** Handles a message that a context has taken from the port. */
  receive(message: ToThread): void;
}

/** The thread's side of a job's context. */
export class HandlerContext implements JobContext {
  /** Set when the attempt has ended: what a handler leaves behind can no longer speak for it. */
  ended = false;
  #controller: AbortController | undefined;
  #log: JobLog | undefined;
  // Private for handlers too: what is ours is not theirs to close.
  readonly #link: HandlerLink;
  readonly #key: number | string;

  constructor(
    link: HandlerLink,
    readonly position: Position,
    key: number | string,
    readonly name: string,
    readonly attempt: number,
    readonly maxAttempts: number,
    readonly metadata: unknown,
    readonly lastCheckpoint: unknown,
  ) {
    this.#link = link;
    this.#key = key;
  }

  get id(): string {
    return typeof this.#key === 'string' ? this.#key : this.#link.idPrefix + this.#key;
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
    return load(this.#link.cells, CELL.STOP) === this.position + 1 && !this.ended;
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

  /** A loop that never yields receives no event: the message that came with the stop flag, and those before it, are read here. */
  #readStop(): void {
    const { port, receive } = this.#link;
    while (!this.#controller?.signal.aborted) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return this.abort(new CancelledError(`${this.name} was told to stop`));
      receive(received.message);
    }
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
    if (!this.ended) this.#link.port.postMessage(message);
  }
}

import { CancelledError, OptionsError, SnoozeError } from '../../errors/errors.js';
import { textOf } from '../../errors/thrown.js';
import type { JobContext, JobLog } from '../../job/context.js';
import { isPause } from '../../job/retry.js';
import { setImmediate } from '../../time/timers.js';
import { isListened, LEVELS, type Listened, type LogLevel } from '../wire/log-levels.js';
import type { Position } from '../wire/protocol.js';
import { CELL } from '../wire/shared-memory.js';
import type { JobMessages } from './job-messages.js';

const { load } = Atomics;

/** What the contexts of a thread's jobs share. */
export interface HandlerLink {
  /** What the id of a job with a number begins with. */
  readonly idPrefix: string;
  readonly cells: Int32Array;
  /** Levels of which lines are made. */
  readonly listened: Listened;
  /** Handles the next message from the queue, which a loop that never yields would not get; false when there is none. */
  receiveNext(): boolean;
  /** Where what a job says goes. */
  messagesOf(position: Position): JobMessages;
}

/** The thread's side of a job's context. */
export class HandlerContext implements JobContext {
  /** Set when the attempt has ended: what a handler leaves behind can no longer speak for it. */
  ended = false;
  resource: unknown;
  #controller: AbortController | undefined;
  #log: JobLog | undefined;
  /** Made when the handler says something: most say nothing. */
  #messages: JobMessages | undefined;
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

  // Bound when they are read: a handler may take them out of the context, as `(input, { progress }) => …`.

  get throwIfAborted(): () => void {
    return () => {
      if (!this.aborted) return;
      this.#readStop();
      throw this.signal.reason;
    };
  }

  get progress(): (value: unknown) => void {
    return (value) => {
      if (!this.ended) this.#speak().progress(value);
    };
  }

  get checkpoint(): (state: unknown) => void {
    return (state) => {
      if (!this.ended) this.#speak().checkpoint(state);
    };
  }

  snooze(ms: number): never {
    if (isPause(ms)) throw new SnoozeError(ms);
    throw new OptionsError(`context.snooze: expected milliseconds from 0, given ${textOf(ms)}`);
  }

  get log(): JobLog {
    this.#log ??= Object.fromEntries(LEVELS.map((level) => [level, (...args: unknown[]) => this.#line(level, args)])) as unknown as JobLog;
    return this.#log;
  }

  /** The attempt has ended; `failed`: it has not completed the job. */
  end(failed: boolean): void {
    this.#messages?.end(failed);
    this.ended = true;
  }

  /** Raises {@link signal}. */
  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }

  /** A loop that never yields receives no event: the message that came with the stop flag, and those before it, are read here. */
  #readStop(): void {
    while (!this.#controller?.signal.aborted) {
      if (!this.#link.receiveNext()) return this.abort(new CancelledError(`${this.name} was told to stop`));
    }
  }

  #line(level: LogLevel, args: unknown[]): void {
    if (!this.ended && isListened(this.#link.listened, level)) this.#speak().log(level, args);
  }

  #speak(): JobMessages {
    this.#messages ??= this.#link.messagesOf(this.position);
    return this.#messages;
  }
}

/**
 * Log lines of a handler; they arrive in the queue's logger with the job's id, also when the thread is killed afterwards.
 * Lines of a level that the logger does not take are not made: a call then costs nothing.
 * A job may log 3000 lines and 2 MB a second; lines beyond that are dropped, and a line says how many. A very long one is cut.
 */
export interface JobLog {
  trace(...args: unknown[]): void;
  debug(...args: unknown[]): void;
  info(...args: unknown[]): void;
  warn(...args: unknown[]): void;
  error(...args: unknown[]): void;
}

/** What a handler gets beside its input. */
export interface JobContext<Resource = unknown> {
  readonly id: string;
  readonly name: string;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** Executions allowed in total. */
  readonly maxAttempts: number;
  /** What `add` was given as `metadata`. */
  readonly metadata: unknown;
  /** What `setup` of the definition has returned in this thread. */
  readonly resource: Resource;
  /** Aborted when the job is cancelled or its time is over; for asynchronous code. */
  readonly signal: AbortSignal;
  /** The same as `signal.aborted`, read from shared memory: also works inside a loop that never yields. */
  readonly aborted: boolean;
  /** Throws the reason of `signal` when {@link aborted}. */
  throwIfAborted(): void;
  /**
   * Tells the queue how far the job is; any cloneable value of up to 1 MiB. Emitted as `progress` and kept on the job. Beyond
   * 100 a second only the newest counts, and is there to read even when the handler hangs right after it.
   * Throws `NotCloneableError`.
   */
  progress(value: unknown): void;
  /**
   * Keeps a state for the next attempt, which finds it as {@link lastCheckpoint}: the newest one, whether the handler then
   * throws, hangs, or ends its thread. Any value that can be written down: no SharedArrayBuffer.
   * Throws `NotCloneableError`.
   */
  checkpoint(state: unknown): void;
  /** The last checkpoint of an earlier attempt, or `undefined`. */
  readonly lastCheckpoint: unknown;
  readonly log: JobLog;
  /**
   * Puts the job off: ends this attempt by throwing, and the job comes back after so many milliseconds without having spent it.
   * 100 times in a row at most; the next is a failure. Throws `OptionsError` for what is no time.
   */
  snooze(ms: number): never;
}

/** How an attempt ended. `interrupted`: its thread died because of another job; it costs no attempt. */
export type Outcome = 'completed' | 'failed' | 'timed-out' | 'crashed' | 'cancelled' | 'interrupted';

/** One execution of a job's handler. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly outcome: Outcome;
  readonly error?: unknown;
  /** Milliseconds since 1970; when the thread started the handler. */
  readonly startedAt: number;
  /** Run time in milliseconds. */
  readonly duration: number;
  /** `worker.threadId` of the thread it ran on. */
  readonly threadId: number;
  /** CPU time in milliseconds, where it is known. */
  readonly cpuTime?: number;
}

import type { Outcome } from '../job/attempt.js';
import type { JobRecord } from '../job/record.js';
import type { Source } from './batch.js';
import type { FromThread } from './wire/protocol.js';

/** How long an attempt ran. */
export interface Run {
  /** On the clock of all threads. */
  startedAt: number;
  /** In milliseconds. */
  duration: number;
  /** Whether the handler, or the loading of its module, had been started. */
  started: boolean;
}

/** How an attempt ended that did not complete. */
export interface AttemptEnd extends Run {
  outcome: Outcome;
  error: unknown;
  threadId: number;
  /** Resolves when the thread has exited, where it was terminated: until then the job must not run elsewhere. */
  gone?: Promise<void> | undefined;
}

/** Why a thread was ended. */
export type KillReason = 'timed-out' | 'cancelled' | 'crashed' | 'late-error' | 'stuck' | 'not-loading';

/** What a handler says while it runs. */
export type HandlerMessage = Extract<FromThread, { position: number }>;

/** The queue, as the threads' side sees it: where jobs come from, and who is told what became of them. */
export interface DispatchHost extends Source {
  /** The job is about to be sent to a thread. */
  started(record: JobRecord): void;
  /** The jobs are on a thread. Here people are told, and may do anything: nothing is on its way between two places. */
  sent(records: readonly JobRecord[]): void;
  completed(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number): void;
  ended(record: JobRecord, end: AttemptEnd): void;
  /** Jobs that were sent but not started, in their order: they go back to the front. */
  returned(records: JobRecord[]): void;
  said(record: JobRecord, message: HandlerMessage): void;
  threadKilled(threadId: number, reason: KillReason, record: JobRecord | undefined): void;
  threadZombie(threadId: number, record: JobRecord | undefined): void;
  lateError(threadId: number, jobId: string | undefined, error: unknown): void;
}

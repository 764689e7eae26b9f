import type { PostMortem } from '../errors.js';
import type { ThreadReason } from '../events.js';
import type { Outcome } from '../job/attempt.js';
import type { Location } from '../job/location.js';
import type { JobRecord } from '../job/record.js';
import type { HandlerMessage } from './wire/protocol.js';

export type { HandlerMessage, Location };

export interface ThreadStats {
  /** Threads that live or are about to be started, spare ones included; those being terminated not. */
  size: number;
  busy: number;
  /** About to boot, booting, or loading the queue's `jobs`. */
  starting: number;
  /** Terminated, but held by native code. */
  zombies: number;
  /** Terminated by the queue since its start. */
  killed: number;
}

/** What a runner must know of its queue. */
export interface RunnerOptions {
  /** Jobs running at once. */
  threads: number;
  /** What the id of a job with a number begins with. */
  idPrefix: string;
}

/** What the queue asks of whoever runs its jobs; it answers through {@link Reports}. */
export interface Runner {
  /** Runs what may run, once the code that runs now has added all it wants to add. */
  schedule(): void;
  /** Stops an active job: tells it, and ends it when its grace period is over. False when its result is there already. */
  cancel(record: JobRecord, reason: unknown): boolean;
  /** Where an active job is. */
  locate(record: JobRecord): Location | undefined;
  /** Looks where a running job is; `undefined` when it is not running, or nobody may look. */
  inspect(record: JobRecord): Promise<PostMortem | undefined>;
  /** Jobs that were sent or are running. */
  active(): JobRecord[];
  /** Why a job that may run cannot be sent now; `undefined` when it can. */
  readonly holdup: 'zombies' | 'threads-starting' | 'threads-busy' | undefined;
  /**
   * Gives up all jobs. What has finished counts, and what was judged ends as judged; of the rest, a job that must not
   * run twice has failed with `error`, and the others wait again.
   */
  abandon(error: Error): void;
  readonly stats: ThreadStats;
  /** Resolves when jobs can run; rejects when they never will. */
  ready(): Promise<void>;
  /** Runs no more. Resolves when nothing of it is left. */
  close(): Promise<void>;
}

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
  exited?: Promise<void> | undefined;
}

/** Why a thread was ended. */
export type KillReason = Exclude<ThreadReason, 'native-code'>;

/** Who is told what became of the jobs that a runner took. */
export interface Reports {
  /** The job is about to be sent to a thread. */
  started(record: JobRecord): void;
  /** The jobs are on a thread. Here people are told, and may do anything: nothing is on its way between two places. */
  sent(records: readonly JobRecord[]): void;
  completed(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number): void;
  ended(record: JobRecord, end: AttemptEnd): void;
  /** Jobs that were sent but not started, in their order: they go back to the front. */
  returned(records: JobRecord[]): void;
  message(record: JobRecord, message: HandlerMessage): void;
  threadKilled(threadId: number, reason: KillReason, record: JobRecord | undefined): void;
  threadZombie(threadId: number, record: JobRecord | undefined): void;
  /** Something people should know of, and no event tells: for the log. */
  trouble(facts: object, message: string): void;
  lateError(threadId: number, jobId: string | undefined, error: unknown): void;
}

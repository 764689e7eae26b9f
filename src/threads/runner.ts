import type { Clock } from '../clock.js';
import type { PostMortem } from '../errors.js';
import type { JobRecord } from '../job/record.js';

/** Where an active job is: on its thread in a batch, or since when (on {@link Clock.now}) its module loads or its handler runs there. */
export type Location = { phase: 'sent'; threadId: number } | { phase: 'loading' | 'running'; threadId: number; since: number };

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

/** What the queue asks of whoever runs its jobs; it answers through `DispatchHost`. */
export interface Runner {
  /** Runs what may run, once the code that runs now has added all it wants to add. */
  schedule(): void;
  /** Stops an active job: tells it, and ends it when its grace period is over. False when its result is there already. */
  cancel(record: JobRecord, reason: unknown): boolean;
  /** Where an active job is. */
  locate(record: JobRecord): Location | undefined;
  /** Looks where a running job is; `undefined` when it is not running, or nobody may look. */
  lookInto(record: JobRecord): Promise<PostMortem | undefined>;
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

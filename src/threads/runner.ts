import type { PostMortem } from '../errors/post-mortem.js';
import type { ThreadReason } from '../events.js';
import type { Outcome } from '../job/attempt.js';
import type { Carrier } from '../job/carrier.js';
import type { JobDefinition } from '../job/definition.js';
import type { JobKind } from '../job/kind.js';
import type { Location } from '../job/location.js';
import type { Usage } from '../job/rare.js';
import type { Listened } from './wire/log-levels.js';
import type { HandlerMessage, Printed } from './wire/protocol.js';

export type { HandlerMessage, Location, Printed, Usage };

/** One attempt of a job, with all that it takes to run it. A queue's record is one; an attempt in a test is another. */
export interface Work {
  readonly id: string;
  /** A number of the queue's own, which its ids are made of, or the id. */
  readonly key: number | string;
  /** From 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly timeout: number;
  readonly priority: number;
  /** Whose turn it takes, where it has a group. */
  readonly group?: string | undefined;
  /** Order of arrival among those that wait. */
  readonly order: number;
  readonly input: unknown;
  readonly metadata: unknown;
  /** Buffers of the input that are moved instead of copied. */
  readonly transfer: readonly ArrayBuffer[] | undefined;
  /** What its trace is found by, where there is one. */
  readonly carrier?: Carrier | undefined;
  /** What the attempt finds as `lastCheckpoint`. */
  readonly checkpoint: unknown;
  readonly kind: {
    readonly definition: JobDefinition;
    /** Its number in messages to the threads. */
    readonly index: number;
    /** In milliseconds; `undefined` while it is not known. */
    readonly usualRunTime: number | undefined;
  };
}

/** Numbers of a queue's threads. */
export interface ThreadStats {
  /** Threads that live or are about to be started, spare ones included; those being terminated not. */
  size: number;
  /** At work, or with jobs on their way to them. */
  busy: number;
  /** About to boot, booting, or loading the queue's `jobs`. */
  starting: number;
  /** Terminated, but held by native code. */
  zombies: number;
  /** Terminated by the queue since its start. */
  killed: number;
  /** Share of the time of all that may run at once which was spent at work in the last minute, 0 to 1. */
  utilization: number;
}

/** What a runner must know of its queue. */
export interface RunnerOptions {
  /** Jobs running at once. */
  threads: number;
  /** What the id of a job with a number begins with. */
  idPrefix: string;
  /** Log levels that somebody listens to. */
  listened: Listened;
  worker?: { data?: unknown };
}

/** What the queue asks of whoever runs its jobs; it answers through {@link Reports}. */
export interface Runner {
  /** Runs what may run, once the code that runs now has added all it wants to add. */
  schedule(): void;
  /** Jobs of a kind are added from now on: what they need may be made ready. */
  uses(kind: JobKind): void;
  /**
   * Stops an active job: tells it, and ends it when its grace period is over. False when it has completed; `undefined` when its attempt is
   * over in another way. Nobody has been told either yet.
   */
  cancel(work: Work, reason: unknown): boolean | undefined;
  /** Gives back jobs like one that were sent, but not started: of its definition, and of its group where it has one. */
  withdraw(like: Work): void;
  /** Where an active job is. */
  locate(work: Work): Location | undefined;
  /** Looks where a running job is; `undefined` when it is not running, or nobody may look. */
  inspect(work: Work): Promise<PostMortem | undefined>;
  /** Jobs that were sent or are running. */
  active(): Work[];
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
export interface Execution {
  /** On the clock of all threads. */
  startedAt: number;
  /** In milliseconds. */
  duration: number;
  /** Whether the handler, or the loading of its module, had been started. */
  started: boolean;
  /** What it took, where that is known. */
  usage?: Usage | undefined;
}

/** How an attempt ended that did not complete. */
export interface AttemptEnd extends Execution {
  outcome: Outcome;
  error: unknown;
  threadId: number;
  /** Resolves when the thread has exited, where it was terminated: until then the job must not run elsewhere. */
  exited?: Promise<void> | undefined;
}

/** Why a thread was ended. */
export type KillReason = Exclude<ThreadReason, 'native-code'>;

/** Who is told what became of the jobs that a runner took. */
export interface Reports<Job extends Work = Work> {
  /** The job is about to be sent to a thread. */
  started(job: Job): void;
  /** The jobs are on a thread. Here people are told, and may do anything: nothing is on its way between two places. */
  sent(jobs: readonly Job[]): void;
  /** Threads are free, and nothing waits for them. */
  free(): void;
  completed(job: Job, output: unknown, startedAt: number, duration: number, threadId: number, usage?: Usage): void;
  ended(job: Job, end: AttemptEnd): void;
  /** Jobs that were sent but not started, in their order: they go back to the front. */
  returned(jobs: readonly Job[]): void;
  message(job: Job, message: HandlerMessage): void;
  readonly threads: ThreadReports<Job>;
}

/** Who is told what threads do beside running jobs. */
export interface ThreadReports<Job extends Work = Work> {
  killed(threadId: number, reason: KillReason, job: Job | undefined): void;
  zombie(threadId: number, job: Job | undefined): void;
  /** Something people should know of, and no event tells: for the log. */
  trouble(facts: object, message: string): void;
  lateError(threadId: number, jobId: string | undefined, error: unknown): void;
  /** Something was printed, and no running job did. */
  printed(threadId: number, line: Printed): void;
}

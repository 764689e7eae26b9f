import type { Outcome } from './attempt.js';
import type { JobDefinition } from './definition.js';
import { GroupShares } from './group-shares.js';
import { Histogram } from './histogram.js';
import type { JobState } from './state.js';

/** Whom a job's record and its handle ask. A job is a `JobRecord`, which knows of this file, and not the other way round. */
export interface JobOwner {
  /** What the ids of its own jobs begin with. */
  readonly idPrefix: string;
  /** What all that waits takes, as far as it is counted. */
  waitingBytes: number;
  /** Asked whenever jobs have moved: a queue that closes waits for them. */
  watcher: { check(): void } | undefined;
  cancel(job: object, reason: unknown): boolean;
  promote(job: object): boolean;
  /** When the handler of an active job was started, in milliseconds since 1970. */
  startedAt(job: object): number | undefined;
  /** A time of `Clock.now`, in whole milliseconds since 1970. */
  dateOf(now: number): number;
  /** The same, as exactly as the clock has it. */
  exactDateOf(now: number): number;
}

/** How often something happened since the queue was made. */
export interface Totals {
  /** Jobs accepted. */
  added: number;
  completed: number;
  /** Jobs that failed for good. */
  failed: number;
  cancelled: number;
  /** Jobs that were not started within their `maxWait`; they are cancelled, and count there too. */
  expired: number;
  /** Dead letters that were made to run again. */
  replayed: number;
  /** Attempts that another followed, after a backoff. */
  retried: number;
  /** Times that a handler put its job off, by `context.snooze` or `RateLimitedError`. */
  snoozed: number;
  /** Attempts that ran out of time. */
  timedOut: number;
  /** Attempts whose thread died under them. */
  crashed: number;
  /** Attempts whose thread died because of another job. */
  interrupted: number;
  /** Times that a job was asked for which was there already, by its idempotency key. */
  deduplicated: number;
}

export const noTotals = (): Totals => ({
  added: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  expired: 0,
  replayed: 0,
  retried: 0,
  snoozed: 0,
  timedOut: 0,
  crashed: 0,
  interrupted: 0,
  deduplicated: 0,
});

/** How many jobs are in each state. */
export type Counts = Record<JobState, number>;

export const noCounts = (): Counts => ({
  delayed: 0,
  waiting: 0,
  active: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
});

/** Weight of the newest run time in {@link JobKind.usualRunTime}. */
const NEWEST = 0.1;

/** A definition as one queue knows it: with what happened to its jobs. */
export class JobKind {
  readonly counts = noCounts();
  readonly totals = noTotals();
  readonly waitTime = new Histogram();
  readonly runTime = new Histogram();
  /** Moving average of run times, in milliseconds; `undefined` until the first attempt has ended. */
  usualRunTime: number | undefined;
  paused = false;
  /** Whether its jobs need a permit to start. */
  readonly limited: boolean;
  /** Where each of its groups may have only so many jobs waiting. */
  readonly shares: GroupShares | undefined;

  constructor(
    readonly definition: JobDefinition,
    /** Its number in messages to the threads. */
    readonly index: number,
    readonly owner: JobOwner,
    /** Of all kinds of its queue. */
    private readonly allCounts: Counts = noCounts(),
  ) {
    const { concurrency, rateLimit, group } = definition;
    this.limited =
      Number.isFinite(concurrency) || rateLimit !== undefined || group?.concurrency !== undefined || group?.rateLimit !== undefined;
    const maxWaiting = group?.maxWaiting;
    this.shares = maxWaiting === undefined ? undefined : new GroupShares(maxWaiting);
  }

  enters(state: JobState): void {
    change(this.counts, state, 1);
    change(this.allCounts, state, 1);
  }

  leaves(state: JobState): void {
    change(this.counts, state, -1);
    change(this.allCounts, state, -1);
  }

  /** An attempt has not completed its job. */
  count(outcome: Outcome): void {
    if (outcome === 'timed-out') this.totals.timedOut++;
    else if (outcome === 'crashed') this.totals.crashed++;
    else if (outcome === 'interrupted') this.totals.interrupted++;
  }

  recordRun(waited: number, ran: number): void {
    this.waitTime.record(waited);
    this.runTime.record(ran);
    this.usualRunTime = this.usualRunTime === undefined ? ran : this.usualRunTime + NEWEST * (ran - this.usualRunTime);
  }
}

// Each name by itself: V8 looks a name up that is not always the same, and jobs change their state three times.
function change(counts: Counts, state: JobState, by: 1 | -1): void {
  if (state === 'waiting') counts.waiting += by;
  else if (state === 'active') counts.active += by;
  else if (state === 'completed') counts.completed += by;
  else counts[state] += by;
}

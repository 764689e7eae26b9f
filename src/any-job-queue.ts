import type { ScheduleOptions } from './adding/schedule-times.js';
import type { RepeatOptions } from './adding/schedules.js';
import type { JobSnapshot } from './closing/snapshot.js';
import type { DeadLetterFilter } from './ended/dead-letter-store.js';
import type { DeadLetter } from './ended/dead-letters.js';
import type { QueueEvents } from './events.js';
import type { AddOptions } from './job/add-options.js';
import type { Attempt } from './job/attempt.js';
import type { Backoff } from './job/backoff.js';
import type { JobDefinition } from './job/definition.js';
import type { ListOptions } from './job/list-options.js';
import type { JobState } from './job/state.js';
import type { QueueStats } from './observe/metrics.js';

/** What one engine has at hand and another must ask for: `await` serves both. */
export type Awaitable<Value> = Value | Promise<Value>;

/** What `add` may be told on any engine: nothing of it needs the memory of one process. */
export type AnyAddOptions = Omit<AddOptions, 'transfer' | 'group' | 'backoff'> & {
  /** Overrides the definition's; a function cannot leave the process. */
  backoff?: Exclude<Backoff, (...args: never[]) => unknown>;
};

/** How a schedule adds its runs, on any engine. */
export type AnyRepeatOptions = Omit<RepeatOptions, 'group' | 'backoff' | 'onDuplicate' | 'ttl'> & Pick<AnyAddOptions, 'backoff'>;

/** States that can be listed on any engine: what was cancelled is not kept everywhere. */
export type ListedState = Exclude<JobState, 'cancelled'>;

/** A job of any engine. In memory it is live; of a job elsewhere it tells what was so when it was read. */
export interface AnyJob<Input = unknown, Output = unknown> {
  readonly id: string;
  readonly name: string;
  readonly input: Input;
  readonly state: JobState;
  readonly attempt: number;
  readonly attempts: readonly Attempt[];
  readonly progress: unknown;
  readonly priority: number;
  readonly metadata: unknown;
  readonly addedAt: number;
  readonly finishedAt: number | undefined;
  readonly output: Output | undefined;
  readonly error: unknown;
  readonly deduplicated: boolean;
  /** The output, once the job has completed; rejects with its last error when it failed for good or was cancelled. */
  result(): Promise<Output>;
  /** False when the job had already ended. */
  cancel(reason?: unknown): Awaitable<boolean>;
  /** Lets a delayed job run now; false when it is not delayed. */
  promote(): Awaitable<boolean>;
}

/** The dead letters of any engine. */
export interface AnyDeadLetters {
  readonly size: Awaitable<number>;
  list(options?: ListOptions & { name?: string }): Awaitable<DeadLetter[]>;
  get(id: string): Awaitable<DeadLetter | undefined>;
  replay(id: string, change?: { input?: unknown }): Promise<AnyJob>;
  replay(filter: DeadLetterFilter): Promise<AnyJob[]>;
  remove(which: string | DeadLetterFilter): Awaitable<number>;
}

/** A schedule of any engine. */
export interface AnySchedule {
  /** When it is added next, in milliseconds since 1970; `undefined` when never again. */
  readonly next: number | undefined;
  stop(): Awaitable<void>;
  trigger(): Promise<AnyJob>;
}

/** Numbers that every engine has. */
export type AnyStats = Pick<QueueStats, 'counts' | 'totals' | 'threads' | 'waitTime' | 'runTime'>;

/** Events that every engine tells, with their arguments. */
export type AnyQueueEvents = {
  [Event in
    | 'added'
    | 'active'
    | 'progress'
    | 'completed'
    | 'retrying'
    | 'failed'
    | 'cancelled'
    | 'thread-killed'
    | 'thread-zombie'
    | 'late-error'
    | 'drained'
    | 'paused'
    | 'resumed']: QueueEvents[Event] extends [job: object, ...rest: infer Rest]
    ? Event extends 'thread-killed' | 'thread-zombie' | 'late-error'
      ? QueueEvents[Event]
      : [job: AnyJob, ...rest: Rest]
    : QueueEvents[Event];
};

/** Takes a listener for an event; one signature for each, as an emitter's. */
export type Listen = {
  [Event in keyof AnyQueueEvents]: (one: (event: Event, listener: (...args: AnyQueueEvents[Event]) => void) => unknown) => void;
}[keyof AnyQueueEvents] extends (all: infer All) => void
  ? All
  : never;

/** How {@link AnyJobQueue.close} ends. */
export interface AnyCloseOptions {
  /** `'active'`: what runs is waited for; `'none'`: it is not. Default `'active'`. */
  drain?: 'active' | 'none';
  /** In milliseconds. Default 30 000. */
  timeout?: number;
}

/**
 * What a job queue can do, wherever its jobs are: `JobQueue` keeps them in the memory of one process, `BullMQJobQueue` in
 * Redis. A program that uses no more than this runs on both.
 */
export interface AnyJobQueue extends AsyncDisposable {
  readonly name: string;
  readonly deadLetters: AnyDeadLetters;
  readonly isPaused: Awaitable<boolean>;
  add<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    options?: AnyAddOptions,
  ): Promise<AnyJob<Parsed, Output>>;
  run<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input: Input, options?: AnyAddOptions): Promise<Output>;
  addBulk<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    inputs: Iterable<Input>,
    options?: AnyAddOptions,
  ): Promise<AnyJob<Parsed, Output>[]>;
  getJob(id: string): Awaitable<AnyJob | undefined>;
  list(state: ListedState, options?: ListOptions): Awaitable<AnyJob[]>;
  schedule<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    when: ScheduleOptions,
    options?: AnyRepeatOptions,
  ): Awaitable<AnySchedule>;
  pause(): Awaitable<void>;
  resume(): Awaitable<void>;
  stats(): Awaitable<AnyStats>;
  ready(): Promise<void>;
  close(options?: AnyCloseOptions): Promise<{ unfinished: JobSnapshot[] }>;
  readonly on: Listen;
  readonly off: Listen;
}

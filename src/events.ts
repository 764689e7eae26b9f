import { EventEmitter } from 'node:events';
import type { Job } from './job/job.js';

/** Why something is told of a thread: why it was ended, that it does not end, or that something a job left behind has failed. */
export type ThreadReason = 'timed-out' | 'cancelled' | 'crashed' | 'late-error' | 'stuck' | 'not-loading' | 'native-code';

/** What a thread event tells. */
export interface ThreadEvent {
  /** `worker.threadId` of the thread. */
  threadId: number;
  reason: ThreadReason;
  /** The job that is to blame, where one is. */
  jobId?: string | undefined;
}

/** Only the type of an event's arguments counts. */
const told = <Args extends unknown[]>(): Args => [] as unknown as Args;

/** Every event of a queue, with its arguments: the one list of them. */
export const EVENTS = {
  /** Accepted: it is waiting or delayed. */
  added: told<[job: Job]>(),
  /** Sent to a thread. */
  active: told<[job: Job]>(),
  /** Its handler gave a value to `context.progress`. */
  progress: told<[job: Job, value: unknown]>(),
  /** The handler returned, and its result has passed. */
  completed: told<[job: Job]>(),
  /** An attempt failed, and another follows after `delay` ms. */
  retrying: told<[job: Job, error: unknown, delay: number]>(),
  /** Its handler put it off, for `delay` ms, by `context.snooze` or `RateLimitedError`. */
  snoozed: told<[job: Job, delay: number]>(),
  /** Failed for good. It is a dead letter now, unless somebody waited for it. */
  failed: told<[job: Job, error: unknown]>(),
  /** By `cancel()`, by its signal, or because it did not start in time. */
  cancelled: told<[job: Job]>(),
  /** Not started within its `maxWait`; told after `cancelled`. */
  expired: told<[job: Job]>(),
  /** `add`, or a replay, answered with this job because of its idempotency key. */
  deduplicated: told<[job: Job]>(),
  /** A dead letter made room for a newer one. */
  evicted: told<[job: Job]>(),
  /** There are as many dead letters as `deadLetters.alertAt` says; the job is the newest. */
  'dead-letter-alert': told<[job: Job, size: number]>(),
  /** The queue terminated a thread, or one died under its job. */
  'thread-killed': told<[event: ThreadEvent]>(),
  /** A terminated thread does not exit: native code holds it. */
  'thread-zombie': told<[event: ThreadEvent]>(),
  /** An error nobody caught, in something that a job had left behind when it ended. */
  'late-error': told<[event: ThreadEvent, error: unknown]>(),
  /** The last job has ended: nothing is waiting, delayed or active. */
  drained: told<[]>(),
  /** By `pause()`, or of one definition: then its name. */
  paused: told<[name?: string]>(),
  /** By `resume()`, or of one definition: then its name. */
  resumed: told<[name?: string]>(),
};

/** Every event of a queue, with its arguments. */
export type QueueEvents = typeof EVENTS;

/** The name of an event. */
export type QueueEvent = keyof QueueEvents;

/** What is called when an event happens. */
export type QueueListener<Event extends QueueEvent> = Event extends QueueEvent ? (...args: QueueEvents[Event]) => void : never;

/** An `EventEmitter` whose types say which events there are when one is misspelt. */
export interface QueueEmitter extends EventEmitter<QueueEvents> {
  on<Event extends QueueEvent>(event: Event, listener: QueueListener<Event>): this;
  once<Event extends QueueEvent>(event: Event, listener: QueueListener<Event>): this;
  off<Event extends QueueEvent>(event: Event, listener: QueueListener<Event>): this;
}

/** What a queue extends. */
export const QueueEmitter: new () => QueueEmitter = EventEmitter;

/** Events of one job: it is their first argument. */
export type JobEvent = { [Event in QueueEvent]: QueueEvents[Event] extends [job: Job, ...unknown[]] ? Event : never }[QueueEvent];
/** The other arguments of an event of a job. */
export type RestOf<Event extends JobEvent> = QueueEvents[Event] extends [job: Job, ...infer Rest] ? Rest : never;

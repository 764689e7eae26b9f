import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { Job } from './job/job.js';

/** What a thread event tells. */
export interface ThreadEvent {
  threadId: number;
  reason: string;
  jobId?: string | undefined;
}

/** Every event of a queue, with its arguments. */
export interface QueueEvents {
  /** Accepted: it is waiting or delayed. */
  added: [job: Job];
  /** Sent to a thread. */
  active: [job: Job];
  progress: [job: Job, value: unknown];
  completed: [job: Job];
  /** An attempt failed, and another follows after `delay` ms. */
  retrying: [job: Job, error: unknown, delay: number];
  /** Failed for good: it is a dead letter now. */
  failed: [job: Job, error: unknown];
  cancelled: [job: Job];
  /** `add` answered with this job because of its idempotency key. */
  deduplicated: [job: Job];
  /** A dead letter made room for a newer one. */
  evicted: [job: Job];
  /** There are as many dead letters as `deadLetters.alertAt` says; the job is the newest. */
  'dead-letter-alert': [job: Job, size: number];
  /** The queue terminated a thread, or one died under its job. */
  'thread-killed': [event: ThreadEvent];
  /** A terminated thread does not exit: native code holds it. */
  'thread-zombie': [event: ThreadEvent];
  /** An error nobody caught, in something that a job had left behind when it ended. */
  'late-error': [event: ThreadEvent, error: unknown];
  /** The last job has ended: nothing is waiting, delayed or active. */
  drained: [];
  /** By `pause()`, or of one definition: then its name. */
  paused: [name?: string];
  resumed: [name?: string];
}

export type QueueEvent = keyof QueueEvents;

const EVENTS = [
  'added',
  'active',
  'progress',
  'completed',
  'retrying',
  'failed',
  'cancelled',
  'deduplicated',
  'evicted',
  'dead-letter-alert',
  'thread-killed',
  'thread-zombie',
  'late-error',
  'drained',
  'paused',
  'resumed',
] as const satisfies QueueEvent[];

const CHANNELS = Object.fromEntries(EVENTS.map((event) => [event, channel(`threadmill:${event}`)])) as Record<
  QueueEvent,
  ReturnType<typeof channel>
>;

/**
 * An emitter whose listeners cannot do harm: one that throws, or rejects, is reported, and the others are called all
 * the same. Every event also goes out on `node:diagnostics_channel` as `threadmill:<event>`, as
 * `{ queue: name, args: [...] }`.
 */
export abstract class QueueEmitter extends EventEmitter<QueueEvents> {
  abstract readonly name: string;

  /** Told of what a listener threw. */
  protected abstract listenerFailed(event: QueueEvent, error: unknown): void;

  /** Whether anybody would hear an event: arguments need not be made for nobody. */
  protected hears(event: QueueEvent): boolean {
    return this.listenerCount(event) > 0 || CHANNELS[event].hasSubscribers;
  }

  /** Calls every listener in order. Gives whether there was one. */
  protected tell<Event extends QueueEvent>(event: Event, ...args: QueueEvents[Event]): void {
    for (const listener of this.rawListeners(event)) {
      try {
        const answer: unknown = Reflect.apply(listener, this, args);
        if (answer instanceof Promise) answer.catch((error: unknown) => this.listenerFailed(event, error));
      } catch (error) {
        this.listenerFailed(event, error);
      }
    }
    const { hasSubscribers, publish } = CHANNELS[event];
    if (hasSubscribers) publish.call(CHANNELS[event], { queue: this.name, args });
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { callGuarded } from './errors/thrown.js';
import { handleOf, type Job } from './job/job.js';
import type { JobRecord } from './job/record.js';

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
type JobEvent = { [Event in QueueEvent]: QueueEvents[Event] extends [job: Job, ...unknown[]] ? Event : never }[QueueEvent];
type After<Args> = Args extends [job: Job, ...infer Rest] ? Rest : never;

const CHANNELS = Object.fromEntries(Object.keys(EVENTS).map((event) => [event, channel(`threadmill:${event}`)])) as Record<
  QueueEvent,
  ReturnType<typeof channel>
>;

/** An event that has not been told yet. */
interface Later {
  event: QueueEvent;
  /** Of an event of a job: its handle is made when it is told, for there may be many. */
  record: JobRecord | undefined;
  /** The other arguments. */
  args: unknown[];
  within: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
}

/**
 * Tells listeners what happened. They cannot do harm: one that throws, or rejects, is reported, and the others are
 * called all the same. One event is told at a time, in the order in which they happened: what a listener brings about
 * is told when all have heard of what it listened to. Every event also goes out on `node:diagnostics_channel` as
 * `threadmill:<event>`, as `{ queue: name, args: [...] }`.
 */
export class Announcer {
  readonly #emitter: EventEmitter<QueueEvents>;
  readonly #queue: string;
  readonly #failed: (event: QueueEvent, error: unknown) => void;
  /** Somebody is being told, or a change is being made: what happens meanwhile is told later. */
  #busy = false;
  /** Listeners run now: what they bring about is told in their asynchronous context, by which a trace is found. */
  #telling = false;
  #later: Later[] = [];

  /** `failed` is told of what a listener threw. */
  constructor(emitter: EventEmitter<QueueEvents>, queue: string, failed: (event: QueueEvent, error: unknown) => void) {
    this.#emitter = emitter;
    this.#queue = queue;
    this.#failed = failed;
  }

  /** Whether anybody would hear an event: arguments need not be made for nobody. */
  hasListeners(event: QueueEvent): boolean {
    return this.#emitter.listenerCount(event) > 0 || CHANNELS[event].hasSubscribers;
  }

  announce<Event extends QueueEvent>(event: Event, ...args: QueueEvents[Event]): void {
    this.#announce(event, undefined, args);
  }

  /** Announces an event of a job, for which people get a handle. */
  announceJob<Event extends JobEvent>(event: Event, record: JobRecord, ...rest: After<QueueEvents[Event]>): void {
    if (this.hasListeners(event)) this.#announce(event, record, rest);
  }

  /** Makes a change of several steps; what they announce is told when all of them are done. */
  change<Result>(change: () => Result): Result {
    if (this.#busy) return change();
    this.#busy = true;
    try {
      return change();
    } finally {
      this.#tellLater();
    }
  }

  #announce(event: QueueEvent, record: JobRecord | undefined, args: unknown[]): void {
    if (this.#busy) {
      this.#later.push({ event, record, args, within: this.#telling ? AsyncLocalStorage.snapshot() : undefined });
      return;
    }
    this.#busy = true;
    this.#tell(event, record, args);
    this.#tellLater();
  }

  #tellLater(): void {
    // It grows meanwhile.
    for (let at = 0; at < this.#later.length; at++) {
      const { event, record, args, within } = this.#later[at] as Later;
      if (within === undefined) this.#tell(event, record, args);
      else within(() => this.#tell(event, record, args));
    }
    if (this.#later.length > 0) this.#later = [];
    this.#busy = false;
  }

  #tell(event: QueueEvent, record: JobRecord | undefined, rest: unknown[]): void {
    const args = record === undefined ? rest : [handleOf(record), ...rest];
    this.#telling = true;
    for (const listener of this.#emitter.rawListeners(event)) {
      callGuarded(
        () => Reflect.apply(listener, this.#emitter, args),
        (error) => this.#failed(event, error),
      );
    }
    const { hasSubscribers, publish } = CHANNELS[event];
    if (hasSubscribers) publish.call(CHANNELS[event], { queue: this.#queue, args });
    this.#telling = false;
  }
}

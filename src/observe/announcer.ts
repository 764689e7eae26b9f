import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { callGuarded } from '../errors/thrown.js';
import { EVENTS, type JobEvent, type QueueEvent, type QueueEvents, type RestOf } from '../events.js';
import { handleOf } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import { Observers } from './observers.js';

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
 * Tells observers and listeners what happened. They cannot do harm: one that throws, or rejects, is reported, and the others are
 * called all the same. One event is told at a time, in the order in which they happened: what a listener brings about
 * is told when all have heard of what it listened to. Every event also goes out on `node:diagnostics_channel` as
 * `threadmill:<event>`, as `{ queue: name, args: [...] }`.
 */
export class Announcer {
  readonly observers = new Observers();
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
  isHeard(event: QueueEvent): boolean {
    return this.observers.want(event) || this.#hasListeners(event);
  }

  #hasListeners(event: QueueEvent): boolean {
    return this.#emitter.listenerCount(event) > 0 || CHANNELS[event].hasSubscribers;
  }

  announce<Event extends QueueEvent>(event: Event, ...args: QueueEvents[Event]): void {
    this.#announce(event, undefined, args);
  }

  /** Announces an event of a job, for which people get a handle. */
  announceJob<Event extends JobEvent>(event: Event, record: JobRecord, ...rest: RestOf<Event>): void {
    if (this.isHeard(event)) this.#announce(event, record, rest);
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
    const failed = (error: unknown) => this.#failed(event, error);
    this.#telling = true;
    if (record !== undefined) this.observers.tell(event, record, rest, failed);
    if (this.#hasListeners(event)) this.#tellListeners(event, record === undefined ? rest : [handleOf(record), ...rest], failed);
    this.#telling = false;
  }

  #tellListeners(event: QueueEvent, args: unknown[], failed: (error: unknown) => void): void {
    for (const listener of this.#emitter.rawListeners(event)) callGuarded(() => Reflect.apply(listener, this.#emitter, args), failed);
    const { hasSubscribers, publish } = CHANNELS[event];
    if (hasSubscribers) publish.call(CHANNELS[event], { queue: this.#queue, args });
  }
}

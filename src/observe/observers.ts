import type { EventEmitter } from 'node:events';
import { OptionsError } from '../errors/errors.js';
import { callGuarded, textOf } from '../errors/thrown.js';
import type { JobEvent, QueueEvent, QueueEvents, RestOf } from '../events.js';
import type { JobRecord } from '../job/record.js';

/** A part of the package that hears of an event of jobs. */
export interface Observer<Event extends JobEvent> {
  /** It gets the record: a handle, which people get, need not be made for it. */
  told(record: JobRecord, ...rest: RestOf<Event>): void;
  /** Asked each time before anything is done for it. Must not throw. */
  isWanted(): boolean;
}

const NOBODY: readonly Observer<any>[] = [];

/** Who observes a queue. */
export class Observers {
  /** A list is never changed, but replaced: it may be walked. */
  readonly #byEvent = new Map<QueueEvent, readonly Observer<any>[]>();

  /** Gives what stops it. */
  add<Event extends JobEvent>(event: Event, observer: Observer<Event>): () => void {
    this.#byEvent.set(event, [...this.#of(event), observer]);
    return () => {
      const others = this.#of(event).filter((other) => other !== observer);
      if (others.length > 0) this.#byEvent.set(event, others);
      else this.#byEvent.delete(event);
    };
  }

  /** Whether one of them wants to hear an event. */
  want(event: QueueEvent): boolean {
    for (const observer of this.#of(event)) if (observer.isWanted()) return true;
    return false;
  }

  /** `failed` is told of what one of them threw; the others are told all the same. */
  tell(event: QueueEvent, record: JobRecord, rest: readonly unknown[], failed: (error: unknown) => void): void {
    for (const observer of this.#of(event)) if (observer.isWanted()) callGuarded(() => observer.told(record, ...rest), failed);
  }

  #of(event: QueueEvent): readonly Observer<any>[] {
    return this.#byEvent.get(event) ?? NOBODY;
  }
}

/** Of queues that have records of their jobs. */
const OBSERVERS = new WeakMap<EventEmitter<QueueEvents>, Observers>();

/** Lets a queue be observed, see {@link observe}. */
export function makeObservable(queue: EventEmitter<QueueEvents>, observers: Observers): void {
  OBSERVERS.set(queue, observers);
}

/**
 * Tells `observer` of every such event of a queue that it wants, before listeners hear of it. Gives what stops it.
 * Throws `OptionsError` where the queue is no `JobQueue`.
 */
export function observe<Event extends JobEvent>(queue: EventEmitter<QueueEvents>, event: Event, observer: Observer<Event>): () => void {
  const observers = OBSERVERS.get(queue);
  if (observers === undefined) throw new OptionsError(`expected a JobQueue, whose jobs run in this process; got ${textOf(queue)}`);
  return observers.add(event, observer);
}

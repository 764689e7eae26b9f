import { QueueClosedError, QueueFullError } from '../errors.js';
import type { Register } from '../job/register.js';
import { Signals } from './signals.js';

interface Waiter {
  readonly count: number;
  readonly signal: AbortSignal | undefined;
  /** Settled before there was room. */
  settled: boolean;
  enter(): void;
  reject(error: QueueClosedError): void;
}

/** Taken entries at the front of the array that are worth a copy. */
const COMPACT_AT = 1_024;

/** Holds the number of waiting jobs at `maxWaiting`: beyond it, adding waits in order of arrival, or is refused. */
export class Admission {
  readonly #max: number;
  readonly #whenFull: 'wait' | 'reject';
  readonly #register: Register;
  readonly #signals = new Signals<Waiter>((waiter) => this.#leave(waiter));
  #waiters: Waiter[] = [];
  #first = 0;

  constructor(max: number, whenFull: 'wait' | 'reject', register: Register) {
    this.#max = max;
    this.#whenFull = whenFull;
    this.#register = register;
  }

  /** Whether `count` more may be added at once. More than ever fit may be added where there is room for one: nothing else may ever leave. */
  hasRoom(count: number): boolean {
    return this.#first === this.#waiters.length && this.#fits(count);
  }

  /**
   * Calls `accept` when there is room for `count` jobs, and also when `signal` is aborted first: then it throws. Rejects
   * with what it throws, with {@link QueueFullError} where the queue does not wait, and with {@link QueueClosedError}
   * when it closes first.
   */
  enter<Accepted>(count: number, accept: () => Accepted, signal?: AbortSignal): Promise<Accepted> {
    if (this.#whenFull === 'reject') return Promise.reject(this.#full(count));
    return new Promise((resolve, reject) => {
      // The jobs must count as waiting before the next in line is asked: so nothing asynchronous in between.
      const enter = () => {
        try {
          resolve(accept());
        } catch (error) {
          reject(error);
        }
      };
      const waiter = { count, signal, settled: false, enter, reject };
      this.#waiters.push(waiter);
      if (signal !== undefined) this.#signals.watch(waiter, signal);
    });
  }

  /** Some room was made: lets in who waits, as far as it goes. */
  roomMade(): void {
    if (this.#waiters.length === 0) return;
    while (this.#first < this.#waiters.length) {
      const waiter = this.#waiters[this.#first] as Waiter;
      if (!waiter.settled && !this.#fits(waiter.count)) return;
      this.#first++;
      if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#waiters.length) {
        this.#waiters = this.#waiters.slice(this.#first);
        this.#first = 0;
      }
      if (waiter.settled) continue;
      if (waiter.signal !== undefined) this.#signals.forget(waiter, waiter.signal);
      waiter.enter();
    }
    this.#waiters = [];
    this.#first = 0;
  }

  close(): void {
    const waiters = this.#waiters.slice(this.#first);
    this.#waiters = [];
    this.#first = 0;
    for (const waiter of waiters) {
      if (waiter.signal !== undefined) this.#signals.forget(waiter, waiter.signal);
      waiter.reject(new QueueClosedError('the queue was closed before there was room for the job'));
    }
  }

  /** Its signal was aborted: it no longer stands in line. */
  #leave(waiter: Waiter): void {
    waiter.settled = true;
    waiter.enter();
    this.roomMade();
  }

  #fits(count: number): boolean {
    const room = this.#max - this.#register.waiting;
    return count <= room || (count > this.#max && room > 0 && this.#whenFull === 'wait');
  }

  #full(count: number): QueueFullError {
    return new QueueFullError(
      `${this.#register.waiting} jobs wait, and ${count} more would be over maxWaiting (${this.#max}). Add later, raise maxWaiting, or use whenFull: "wait".`,
    );
  }
}

import type { Clock } from '../time/clock.js';
import { Delays } from './delays.js';
import { Signals } from './signals.js';

/** What somebody stands in line for. */
export interface Ask {
  readonly signal: AbortSignal | undefined;
  /** When it is no use any more to stand in line, on {@link Clock.now}. */
  readonly until: number | undefined;
  /** Its signal was aborted, or its time is over: it does not wait for room any more. */
  left: boolean;
}

interface Waiter {
  readonly order: number;
  readonly ask: Ask;
  fits(): boolean;
  enter(): void;
  leave(): void;
  reject(error: Error): void;
}

/** What makes somebody leave a line before there is room: for all lines, one listener for each signal and one timer. */
export class Patience {
  readonly #clock: Clock;
  readonly #signals = new Signals<Waiter>((waiter) => waiter.leave());
  readonly #times: Delays<Waiter>;
  #order = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#times = new Delays(clock, (waiter) => waiter.leave());
  }

  /** Number of one who begins to wait. */
  next(): number {
    return ++this.#order;
  }

  begins(waiter: Waiter): void {
    const { signal, until } = waiter.ask;
    if (signal !== undefined) this.#signals.watch(waiter, signal);
    if (until !== undefined) this.#times.add(waiter, until - this.#clock.now());
  }

  over(waiter: Waiter): void {
    const { signal, until } = waiter.ask;
    if (signal !== undefined) this.#signals.forget(waiter, signal);
    if (until !== undefined) this.#times.remove(waiter);
  }
}

/** Taken entries at the front of the array that are worth a copy. */
const COMPACT_AT = 1_024;

/** Those who wait for the same room, in order of arrival: nobody is overtaken by one who needs less of it. */
export class AdmissionLine {
  readonly #patience: Patience;
  readonly #emptied: () => void;
  #waiters: Waiter[] = [];
  #first = 0;

  /** `emptied` is called when nobody stands in it any more. */
  constructor(patience: Patience, emptied: () => void = () => {}) {
    this.#patience = patience;
    this.#emptied = emptied;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiters.length;
  }

  /** Calls `accept` when its turn has come and it `fits`, and also when it has {@link Ask.left} first. Settles as what that gives or throws. */
  join<Accepted>(ask: Ask, fits: () => boolean, accept: () => Accepted | Promise<Accepted>): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      // The jobs must count as waiting before the next in line is asked: so nothing asynchronous in between.
      const enter = () => {
        this.#patience.over(waiter);
        try {
          resolve(accept());
        } catch (error) {
          reject(error);
        }
      };
      const leave = () => {
        ask.left = true;
        enter();
        this.roomMade();
      };
      const waiter: Waiter = { order: this.#patience.next(), ask, fits, enter, leave, reject };
      this.#waiters.push(waiter);
      this.#patience.begins(waiter);
    });
  }

  /** Some room was made: lets in who waits, as far as it goes. */
  roomMade(): void {
    if (this.#waiters.length === 0) return;
    while (!this.isEmpty) {
      const waiter = this.#waiters[this.#first] as Waiter;
      const { left } = waiter.ask;
      if (!left && !waiter.fits()) return;
      this.#first++;
      this.#compact();
      if (!left) waiter.enter();
    }
    this.#waiters = [];
    this.#first = 0;
    this.#emptied();
  }

  /** Nobody is let in any more. */
  close(errorOf: () => Error): void {
    const waiters = this.#waiters.slice(this.#first);
    this.#waiters = [];
    this.#first = 0;
    for (const waiter of waiters) {
      if (waiter.ask.left) continue;
      this.#patience.over(waiter);
      waiter.reject(errorOf());
    }
  }

  #compact(): void {
    if (this.#first < COMPACT_AT || this.#first * 2 < this.#waiters.length) return;
    this.#waiters = this.#waiters.slice(this.#first);
    this.#first = 0;
  }
}

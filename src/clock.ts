/** A running timer; what `Clock.setTimeout` gives and `Clock.clearTimeout` takes. */
export type Timer = object;

/** Where the queue reads time and sets its timers: one seam, so that tests can own the time. */
export interface Clock {
  /** Milliseconds of one monotonic clock that all threads share (`process.hrtime`). */
  now(): number;
  /** Milliseconds since 1970, for people. */
  wallTime(): number;
  /** Calls back after `ms`, also beyond the 2^31 - 1 that one Node timer can hold. Never keeps the process alive. */
  setTimeout(callback: () => void, ms: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
}

/** The longest delay of one Node timer; anything longer fires after 1 ms. */
export const MAX_TIMER = 2 ** 31 - 1;

// Taken now: handlers, and fake timers, may change the global.
const read = performance.now.bind(performance);
const [seconds, nanoseconds] = process.hrtime();
// performance.now() and process.hrtime read the same clock; only its zero differs from thread to thread.
const zero = seconds * 1e3 + nanoseconds / 1e6 - read();

/** {@link Clock.now} of the real clock; the same in every thread. */
export function monotonicNow(): number {
  return read() + zero;
}

const { now: dateNow } = Date;
/** What is added to {@link monotonicNow} to give the wall clock's time. */
let ahead = performance.timeOrigin - zero;

/** The wall clock, finer than `Date.now` has it: times of both clocks can be compared to the microsecond. */
function wallTime(): number {
  const time = monotonicNow() + ahead;
  const shown = dateNow();
  if (Math.abs(shown - time) < 2) return time;
  // Somebody has set it, or the machine slept.
  ahead += shown - time;
  return shown;
}

/**
 * Turns times of {@link Clock.now} into those that people read, in whole milliseconds since 1970. What it says of a
 * time stays the same until the wall clock is set.
 */
export class Calendar {
  readonly #clock: Clock;
  #ahead: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ahead = clock.wallTime() - clock.now();
  }

  timeOf(now: number): number {
    const ahead = this.#clock.wallTime() - this.#clock.now();
    if (Math.abs(ahead - this.#ahead) >= 1) this.#ahead = ahead;
    return Math.floor(now + this.#ahead);
  }
}

class LongTimer implements Timer {
  #timer: NodeJS.Timeout | undefined;

  constructor(callback: () => void, ms: number) {
    const due = monotonicNow() + ms;
    const arm = () => {
      const left = due - monotonicNow();
      this.#timer = setTimeout(left > MAX_TIMER ? arm : callback, Math.min(Math.max(Math.ceil(left), 0), MAX_TIMER));
      this.#timer.unref();
    };
    arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

export const realClock: Clock = {
  now: monotonicNow,
  wallTime,
  setTimeout: (callback, ms) => new LongTimer(callback, ms),
  clearTimeout: (timer) => {
    if (timer instanceof LongTimer) timer.clear();
  },
};

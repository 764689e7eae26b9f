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
  wallTime: Date.now,
  setTimeout: (callback, ms) => new LongTimer(callback, ms),
  clearTimeout: (timer) => {
    if (timer instanceof LongTimer) timer.clear();
  },
};

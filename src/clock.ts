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

// Taken now: handlers, and fake timers, may change the globals.
const read = performance.now.bind(performance);
const { now: date } = Date;
const { hrtime } = process;

/** How far `to` is ahead of `from`, and by how much that may be wrong; both clocks in milliseconds. */
function compare(from: () => number, to: () => number): { ahead: number; error: number } {
  const before = from();
  const time = to();
  const error = from() - before;
  return { ahead: time - before - error / 2, error };
}

/** As {@link compare}, the closest of some: a busy machine may put a thread aside between two readings, for milliseconds. */
function closest(from: () => number, to: () => number): number {
  let best = compare(from, to);
  for (let more = 0; more < 10; more++) {
    const again = compare(from, to);
    if (again.error < best.error) best = again;
  }
  return best.ahead;
}

// performance.now() and process.hrtime read the same clock; only its zero differs from thread to thread.
const zero = closest(read, () => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
});

/** {@link Clock.now} of the real clock; the same in every thread. */
export function monotonicNow(): number {
  return read() + zero;
}

/** How far a wall clock is ahead of a monotonic one. Stays the same until the wall clock is set, or the machine sleeps. */
class Ahead {
  #ahead: number;

  constructor(
    private readonly from: () => number,
    private readonly to: () => number,
    /** Differences up to this are rounding, in milliseconds. */
    private readonly rounding: number,
    first = closest(from, to),
  ) {
    this.#ahead = first;
  }

  get ms(): number {
    const { ahead, error } = compare(this.from, this.to);
    if (Math.abs(ahead - this.#ahead) > this.rounding + error) this.#ahead = ahead;
    return this.#ahead;
  }
}

const wall = new Ahead(monotonicNow, date, 2, performance.timeOrigin - zero);

/** The wall clock, finer than `Date.now` has it: times of both clocks can be compared to the microsecond. */
function wallTime(): number {
  return wall.ms + monotonicNow();
}

/**
 * Turns times of {@link Clock.now} into those that people read, in whole milliseconds since 1970. What it says of a
 * time stays the same until the wall clock is set.
 */
export class Calendar {
  readonly #ahead: Ahead;

  constructor(clock: Clock) {
    this.#ahead = new Ahead(
      () => clock.now(),
      () => clock.wallTime(),
      0.5,
    );
  }

  timeOf(now: number): number {
    return Math.floor(now + this.#ahead.ms);
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

import { clearTimeout, dateNow, hrtime, now, setInterval, setTimeout, timeOrigin } from './timers.js';

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
  /** Whether time passes by itself; what does not pass must not be waited for. */
  readonly passes: boolean;
}

/** The longest delay of one Node timer; anything longer fires after 1 ms. */
export const MAX_TIMER = 2 ** 31 - 1;

/** How far `to` is ahead of `from`, and by how much that may be wrong; both clocks in milliseconds. */
export function compare(from: () => number, to: () => number): { ahead: number; error: number } {
  const before = from();
  const time = to();
  const error = from() - before;
  return { ahead: time - before - error / 2, error };
}

/** As {@link compare}, the closest of some: a busy machine may put a thread aside between two readings, for milliseconds. */
export function closest(from: () => number, to: () => number): number {
  let best = compare(from, to);
  for (let more = 0; more < 10; more++) {
    const again = compare(from, to);
    if (again.error < best.error) best = again;
  }
  return best.ahead;
}

// performance.now() and process.hrtime read the same clock; only its zero differs from thread to thread.
const zero = closest(now, () => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
});

/** {@link Clock.now} of the real clock; the same in every thread. */
export function monotonicNow(): number {
  return now() + zero;
}

/** How far the wall clock is ahead of {@link monotonicNow}, finer than `Date.now` has it. */
let wallAhead = timeOrigin - zero;
/** Differences between the two up to this many milliseconds are rounding. */
const ROUNDING = 2;

function wallTime(): number {
  const { ahead, error } = compare(monotonicNow, dateNow);
  // It was set, or the machine slept.
  if (Math.abs(ahead - wallAhead) > ROUNDING + error) wallAhead = ahead;
  return monotonicNow() + wallAhead;
}

/** How long the threads of this process have computed, in milliseconds: the sum of all. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
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
  passes: true,
};

/** One timer for all that keeps the process alive: jobs that come one by one shall not make and clear one each. */
let alive: NodeJS.Timeout | undefined;
let holders = 0;

/** Keeps the process alive while it is held, where the clock's time passes by itself. */
export class KeepAlive {
  held = false;
  readonly #passes: boolean;

  constructor({ passes }: Pick<Clock, 'passes'>) {
    this.#passes = passes;
  }

  hold(): void {
    if (this.held) return;
    this.held = true;
    if (!this.#passes || holders++ > 0) return;
    if (alive === undefined) alive = setInterval(() => {}, MAX_TIMER);
    else alive.ref();
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    if (this.#passes && --holders === 0) alive?.unref();
  }
}

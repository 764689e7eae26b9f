import { OptionsError } from '../index.js';
import * as internals from '../internals.js';

/** The time of a test queue. */
export interface TestClock {
  /** Milliseconds since 1970. */
  now(): number;
  /**
   * Moves the time on. Everything that becomes due happens in order, each at its own time, and promises settle in
   * between; what a handler awaits of the world outside (a file, a request, a timer of Node.js) is not waited for.
   * With real threads, time cannot be moved: rejects with `OptionsError`.
   */
  advance(ms: number): Promise<void>;
}

const { dateNow, queueMicrotask, setImmediate, setTimeout } = internals.timers;

/** Resolves when every promise that can settle by itself has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Resolves after so many milliseconds of real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Who waited for {@link settled}, such as a schedule whose job was added, has gone on too. */
async function settledTwice(): Promise<void> {
  await settled();
  await settled();
}

interface VirtualTimer {
  readonly due: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is moved. Its monotonic time and its wall time are one number.
 * A timer that is due at once fires by itself where `eager`, else with the next {@link advance}.
 */
export class VirtualClock implements internals.Clock, TestClock {
  #time: number;
  readonly #eager: boolean;
  /** In the order in which they were set. */
  readonly #timers = new Set<VirtualTimer>();
  #moving: Promise<unknown> = Promise.resolve();

  constructor(time: number, { eager = false } = {}) {
    this.#time = time;
    this.#eager = eager;
  }

  readonly now = (): number => this.#time;
  readonly wallTime = (): number => this.#time;
  readonly passes = false;

  setTimeout(callback: () => void, ms: number): internals.Timer {
    const timer = { due: this.#time + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    if (this.#eager && timer.due <= this.#time) queueMicrotask(() => this.#fireUntil(this.#time));
    return timer;
  }

  clearTimeout(timer: internals.Timer | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer as VirtualTimer);
  }

  async advance(ms: number): Promise<void> {
    if (typeof ms !== 'number' || !(ms >= 0) || !Number.isFinite(ms)) {
      throw new OptionsError(`clock.advance: expected milliseconds from 0, given ${String(ms)}`);
    }
    await this.#inTurn(async () => {
      // What was begun may still set its timers.
      await settledTwice();
      const end = this.#time + ms;
      while (this.#fireNext(end)) await settledTwice();
      this.#time = end;
    });
  }

  /** Moves to the next timer and fires it. Whether there was one. */
  async advanceToNext(): Promise<boolean> {
    return this.#inTurn(async () => {
      await settledTwice();
      const fired = this.#fireNext(Number.POSITIVE_INFINITY);
      if (fired) await settledTwice();
      return fired;
    });
  }

  #fireUntil(end: number): void {
    while (this.#fireNext(end));
  }

  #fireNext(end: number): boolean {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#time = Math.max(this.#time, next.due);
    next.callback();
    return true;
  }

  /** One move after the other. */
  #inTurn<Result>(move: () => Promise<Result>): Promise<Result> {
    const moved = this.#moving.then(move);
    this.#moving = moved.catch(() => {});
    return moved;
  }
}

/** The time of real threads. */
export const threadsClock: TestClock = {
  now: dateNow,
  advance: () => Promise.reject(new OptionsError('clock.advance: mode "threads" runs in real time; use mode "manual" or "inline"')),
};

/** A clock for `runJob` that stands still until it is moved. */
export function createTestClock(startTime: Date | number | string = Date.UTC(2025, 0, 1)): TestClock {
  const time = new Date(startTime).getTime();
  if (!Number.isFinite(time)) throw new OptionsError(`createTestClock: expected a time, given ${internals.textOf(startTime)}`);
  return new VirtualClock(time, { eager: true });
}

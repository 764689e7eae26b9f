import type { Clock, Timer } from '../dist/time/clock.js';

/** A clock that stands still until the test moves it. */
export class HandClock implements Clock {
  time = 1_000;
  /** The wall clock is ahead of {@link time} by this much; a test may set it. */
  offset: number;
  readonly timers = new Map<Timer, { due: number; callback: () => void }>();

  constructor(wallTime: number | string = 0) {
    this.offset = new Date(wallTime).getTime() - this.time;
  }

  readonly passes = false;
  now = () => this.time;
  wallTime = () => this.time + this.offset;

  setTimeout(callback: () => void, ms: number): Timer {
    const timer = {};
    this.timers.set(timer, { due: this.time + Math.max(ms, 0), callback });
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer) this.timers.delete(timer);
  }

  /** Fires what becomes due, in order; what runs sees the time it was due. `late`: all at the end, as after a blocked event loop. */
  advance(ms: number, { late = false } = {}): void {
    const end = this.time + ms;
    if (late) this.time = end;
    for (;;) {
      const [first] = [...this.timers].sort(([, a], [, b]) => a.due - b.due);
      if (first === undefined || first[1].due > end) break;
      this.timers.delete(first[0]);
      this.time = Math.max(this.time, first[1].due);
      first[1].callback();
    }
    this.time = end;
  }
}

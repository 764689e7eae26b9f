import { type Clock, cpuTime, type Timer } from '../time/clock.js';
import { standstill } from './standstills.js';

/** Longest time between two looks at a busy thread, in milliseconds: so much of a standstill of the process goes unnoticed. */
export const LOOK_AT_LEAST_EVERY = 100;
/** A running job that holds others back for this long, in milliseconds, and for longer than usual, loses them to other threads. */
export const HOLDS_BACK_AFTER = 10;
/** Between two jobs a thread must move on within so many milliseconds. */
export const STUCK_AFTER = 1_000;
/** Limit for copying an input or a result, in milliseconds; it does not count as run time. */
export const SEND_LIMIT = 30_000;

/**
 * One timer for a thread. It is set again only when something is due earlier, so that a stream of short batches
 * sets it once; when it fires, shared memory says what is really running since when.
 */
export class Deadline {
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;
  #cpuTime = 0;
  #cpuTimeAt = Number.NEGATIVE_INFINITY;

  /** `fire` is told how long, in milliseconds, the process has stood still meanwhile. */
  constructor(
    private readonly clock: Clock,
    private readonly fire: (stoodStill: number) => void,
  ) {}

  /** Fires in `ms` or earlier. */
  within(ms: number): void {
    const now = this.clock.now();
    const due = now + ms;
    if (this.#due <= due) return;
    this.clear();
    this.#due = due;
    this.#noteCpuTime(now);
    this.#timer = this.clock.setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.fire(standstill(this.clock.now() - due, cpuTime() - this.#cpuTime));
    }, ms);
  }

  /** Not for every job: it costs as much as a small one. What was used before only makes a standstill look shorter. */
  #noteCpuTime(now: number): void {
    if (now - this.#cpuTimeAt < LOOK_AT_LEAST_EVERY) return;
    this.#cpuTimeAt = now;
    this.#cpuTime = cpuTime();
  }

  clear(): void {
    this.clock.clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
  }
}

import type { Clock, Timer } from '../time/clock.js';

/** Longest time between two looks at a busy thread, in milliseconds. */
export const LOOK_AT_LEAST_EVERY = 1_000;
/** A running job that holds others back for this long, in milliseconds, and for longer than usual, loses them to other threads. */
export const HOLDS_BACK_AFTER = 10;
/** Limit for copying an input or a result, in milliseconds; it does not count as run time. */
export const SEND_LIMIT = 30_000;

/**
 * One timer for a thread. It is set again only when something is due earlier, so that a stream of short batches
 * sets it once; when it fires, shared memory says what is really running since when.
 */
export class Deadline {
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly fire: () => void,
  ) {}

  /** Fires in `ms` or earlier. */
  within(ms: number): void {
    const due = this.clock.now() + ms;
    if (this.#due <= due) return;
    this.clear();
    this.#due = due;
    this.#timer = this.clock.setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.fire();
    }, ms);
  }

  clear(): void {
    this.clock.clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
  }
}

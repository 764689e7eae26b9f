import type { Clock, Timer } from '../time/clock.js';
import { queueMicrotask } from '../time/timers.js';

/** Waits until something is done, and never beyond a deadline. */
export class Until {
  readonly over: Promise<void>;
  readonly #goesOn: () => boolean;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #checking = false;
  #end!: () => void;

  /** `deadline` on {@link Clock.now}; `goesOn` is asked soon, and after every {@link check}. */
  constructor(clock: Clock, deadline: number, goesOn: () => boolean) {
    this.#clock = clock;
    this.#goesOn = goesOn;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = clock.setTimeout(() => this.#end(), deadline - clock.now());
    this.check();
  }

  /** Something has changed: asks once the code that runs now has returned, when the change is whole. */
  check(): void {
    if (this.#checking) return;
    this.#checking = true;
    queueMicrotask(() => {
      this.#checking = false;
      if (this.#goesOn()) return;
      this.#clock.clearTimeout(this.#timer);
      this.#end();
    });
  }
}

/** Resolves with the promise, or at the deadline. */
export async function settledBefore(clock: Clock, deadline: number, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const until = new Until(clock, deadline, () => !done);
  void promise.finally(() => {
    done = true;
    until.check();
  });
  await until.over;
}

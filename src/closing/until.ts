import type { Clock, Timer } from '../clock.js';

/** Waits until something is done, and never beyond a deadline. */
export class Until {
  readonly over: Promise<void>;
  readonly #goesOn: () => boolean;
  readonly #clock: Clock;
  readonly #timer: Timer;
  #end!: () => void;

  /** `deadline` on {@link Clock.now}; `goesOn` is asked at once, and at every {@link look}. */
  constructor(clock: Clock, deadline: number, goesOn: () => boolean) {
    this.#clock = clock;
    this.#goesOn = goesOn;
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#timer = clock.setTimeout(() => this.#end(), deadline - clock.now());
    this.look();
  }

  look(): void {
    if (this.#goesOn()) return;
    this.#clock.clearTimeout(this.#timer);
    this.#end();
  }
}

/** Resolves with the promise, or at the deadline. */
export async function settledBefore(clock: Clock, deadline: number, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const drain = new Until(clock, deadline, () => !done);
  void promise.finally(() => {
    done = true;
    drain.look();
  });
  await drain.over;
}

import type { Clock, Timer } from '../time/clock.js';
import type { Slot } from './slot.js';

export interface ShrinkingThreads {
  readonly closed: boolean;
  readonly idle: readonly Slot[];
  /** How many there are more than are wanted now. */
  readonly surplus: number;
  end(slot: Slot): void;
}

/** Ends threads that are more than are needed, when they had no work for a while. */
export class IdleTimeout {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #threads: ShrinkingThreads;
  #timer: Timer | undefined;

  constructor(clock: Clock, ms: number, threads: ShrinkingThreads) {
    this.#clock = clock;
    this.#ms = ms;
    this.#threads = threads;
  }

  /** A thread has no work from now on. */
  rests(slot: Slot): void {
    slot.service.idleSince = this.#clock.now();
    this.#look(this.#ms);
  }

  #look(ms: number): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#shrink();
    }, ms);
  }

  #shrink(): void {
    const { closed, idle } = this.#threads;
    if (closed) return;
    const now = this.#clock.now();
    const due = [...idle]
      .sort((a, b) => a.service.idleSince - b.service.idleSince)
      .filter(({ service }) => service.idleSince + this.#ms <= now);
    for (const slot of due) if (this.#threads.surplus > 0) this.#threads.end(slot);
    // Those that wait for a shorter time, and those that are no more needed by then.
    const next = Math.min(...idle.map(({ service }) => service.idleSince + this.#ms).filter((at) => at > now), now + this.#ms);
    if (idle.length > 0) this.#look(next - now);
  }
}

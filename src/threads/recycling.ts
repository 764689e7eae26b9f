import type { Clock } from '../clock.js';
import type { Slot } from './slot.js';

/** When a thread has served its time. */
export interface Recycle {
  /** So many jobs have run on it. */
  jobs?: number | undefined;
  /** Its heap has so many MiB in use after a job. */
  heapMb?: number | undefined;
  /** It has been open for so many milliseconds. */
  afterMs?: number | undefined;
}

/** Which threads are to end in peace, because of their age. */
export class Recycling {
  readonly #limits: Recycle;
  readonly #clock: Clock;

  constructor(limits: Recycle, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** A thread is open; calls back when its time is over. */
  opened(slot: Slot, over: () => void): void {
    slot.openedAt = this.#clock.now();
    const { afterMs } = this.#limits;
    if (afterMs !== undefined) this.#clock.setTimeout(over, afterMs);
  }

  /** How many jobs a thread may still be given. */
  jobsLeft(slot: Slot): number {
    const { jobs } = this.#limits;
    return jobs === undefined ? Number.POSITIVE_INFINITY : jobs - slot.given;
  }

  /** Whether a thread that is at rest may be given no further job. */
  isUsedUp(slot: Slot): boolean {
    const { jobs } = this.#limits;
    return jobs !== undefined && slot.ran >= jobs;
  }

  /** Whether a thread shall end when another can take its place. */
  isOld(slot: Slot): boolean {
    const { heapMb, afterMs } = this.#limits;
    if (heapMb !== undefined && slot.heapMb >= heapMb) return true;
    return afterMs !== undefined && this.#clock.now() - slot.openedAt >= afterMs;
  }
}

import type { Clock } from '../time/clock.js';
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

export interface RecycledThreads {
  readonly idle: readonly Slot[];
  /** Whether all threads that shall be there have opened. */
  readonly isComplete: boolean;
  /** Ends a thread that waits for work in peace; another takes over. */
  recycle(slot: Slot): void;
}

/** Ends threads in peace that have served their time. */
export class Recycling {
  readonly #limits: Recycle;
  readonly #clock: Clock;
  readonly #threads: RecycledThreads;

  constructor(limits: Recycle, clock: Clock, threads: RecycledThreads) {
    this.#limits = limits;
    this.#clock = clock;
    this.#threads = threads;
  }

  /** A thread is open. */
  opened({ service }: Slot): void {
    service.openedAt = this.#clock.now();
    const { afterMs } = this.#limits;
    if (afterMs !== undefined) this.#clock.setTimeout(() => this.nextOld(), afterMs);
  }

  /** How many jobs a thread may still be given. */
  jobsLeft({ service }: Slot): number {
    const { jobs } = this.#limits;
    return jobs === undefined ? Number.POSITIVE_INFINITY : jobs - service.given;
  }

  /** A thread has no work any more. Whether it ends. */
  rests(slot: Slot): boolean {
    const { jobs } = this.#limits;
    const ends = (jobs !== undefined && slot.service.ran >= jobs) || this.isOld(slot);
    if (ends) this.#threads.recycle(slot);
    return ends;
  }

  /** Whether a thread shall end now: where others are about to start already, it waits for its turn, so that there are always some. */
  isOld({ service }: Slot): boolean {
    const { heapMb, afterMs } = this.#limits;
    const isLarge = heapMb !== undefined && service.heapMb >= heapMb;
    const isOld = afterMs !== undefined && this.#clock.now() - service.openedAt >= afterMs;
    return (isLarge || isOld) && this.#threads.isComplete;
  }

  /** One of those that wait for work ends, if it is old. */
  nextOld(): void {
    const old = this.#threads.idle.find((slot) => this.isOld(slot));
    if (old !== undefined) this.#threads.recycle(old);
  }
}

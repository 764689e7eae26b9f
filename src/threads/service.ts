import type { Assignments } from './assignments.js';
import { CELL, type SharedMemory } from './wire/shared-memory.js';

/** How long a thread has served, and how much. */
export class Service {
  /** Since when it has no work, and since when it is open, on {@link Clock.now}. */
  idleSince = 0;
  openedAt = 0;
  readonly #shared: SharedMemory;
  readonly #jobs: Assignments;
  /** Jobs that had run when it was last at rest. */
  #ranBefore = 0;

  constructor(shared: SharedMemory, jobs: Assignments) {
    this.#shared = shared;
    this.#jobs = jobs;
  }

  /** The positions of its jobs are about to begin again. */
  rewind(): void {
    this.#ranBefore = this.ran;
  }

  /** How many jobs it has started. */
  get ran(): number {
    return this.#ranBefore + this.#jobs.started + 1;
  }

  /** The same, with those that it has and will start. */
  get given(): number {
    return this.#jobs.isAtRest ? this.ran : this.#ranBefore + this.#jobs.next;
  }

  /** What of its heap was in use after its last batch, in MiB, where that is of interest. */
  get heapMb(): number {
    return Atomics.load(this.#shared.cells, CELL.HEAP);
  }
}

import type { Usage } from '../job/rare.js';
import type { Assignments } from './assignments.js';
import { kernelCpuTime } from './wire/kernel-thread.js';
import type { Position } from './wire/protocol.js';
import { CELL, type SharedMemory } from './wire/shared-memory.js';

/** How long a thread has served, how much, and what that took. */
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

  /** What the job at a position took, which has ended, and ran for long enough to be measured. */
  usage(position: Position, duration: number): Usage {
    const { cpuTime, heapUsed, mask } = this.#shared;
    return usageOf(cpuTime[position & mask], heapUsed[position & mask], duration);
  }

  /** What the job has taken that runs since then, as far as the kernel knows it. */
  usageSoFar(since: number, now: number, kernelThreadId: number | undefined, heapUsed: number | undefined): Usage | undefined {
    const [before, start] = this.#shared.cpuBefore as unknown as [number, number];
    const cpuTime = start === since ? kernelCpuTime(kernelThreadId) : undefined;
    return usageOf(cpuTime && cpuTime - before, heapUsed, now - since);
  }
}

/** A thread's numbers are not to be trusted, and CPU time is counted in steps: none is longer than the attempt. */
function usageOf(cpuTime = Number.NaN, heapUsed = Number.NaN, duration: number): Usage {
  return { ...(cpuTime >= 0 && { cpuTime: Math.min(cpuTime, duration) }), ...(heapUsed >= 0 && { heapUsed }) };
}

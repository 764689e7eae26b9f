import { ownKernelCpuTime } from '../wire/kernel-thread.js';
import type { Position } from '../wire/protocol.js';
import { CELL, MEASURED_FROM, type SharedMemory } from '../wire/shared-memory.js';
import { v8 } from '../wire/v8.js';

// Taken now: handlers may change the globals.
const { store } = Atomics;
const MIB = 1024 * 1024;

/** After so many brief attempts in a row, one is expected to be brief: reading the CPU time costs as much as a small job. */
const BRIEF_ATTEMPTS = 16;

/** What the attempts of one definition are like. */
export interface Habit {
  /** Attempts in a row that ran for less than {@link MEASURED_FROM}, as far as they were counted. */
  brief: number;
}

/** Writes where the queue sees it when attempts run, and what they take of the thread as far as that is worth its cost. */
export class Meter {
  readonly #shared: SharedMemory;
  readonly #measuresHeap: boolean;
  readonly #cpuTime = ownCpuTime();
  /** Of the attempt that runs. */
  #habit: Habit = { brief: 0 };

  /** `measuresHeap`: after each batch. */
  constructor(shared: SharedMemory, measuresHeap: boolean) {
    this.#shared = shared;
    this.#measuresHeap = measuresHeap;
  }

  /** The attempt at this position starts now. */
  start(position: Position, habit: Habit, now: number): void {
    this.#shared.startedAt[position & this.#shared.mask] = now;
    // Mostly it is the same: a write costs more than a look.
    if (this.#habit !== habit) this.#habit = habit;
    if (habit.brief < BRIEF_ATTEMPTS) this.#readBefore(habit, now);
  }

  #readBefore(habit: Habit, now: number): void {
    if (this.#cpuTime === undefined) return;
    habit.brief++;
    const { cpuBefore } = this.#shared;
    cpuBefore[0] = this.#cpuTime();
    cpuBefore[1] = now;
  }

  /** The attempt at this position has ended now. */
  end(position: Position, now: number): void {
    const { startedAt, duration, mask } = this.#shared;
    const place = position & mask;
    const ran = now - (startedAt[place] as number);
    duration[place] = ran;
    if (ran >= MEASURED_FROM) this.#readAfter(place);
  }

  #readAfter(place: number): void {
    this.#habit.brief = 0;
    const { startedAt, cpuBefore, cpuTime, heapUsed } = this.#shared;
    const known = this.#cpuTime !== undefined && cpuBefore[1] === startedAt[place];
    cpuTime[place] = known ? this.#cpuTime() - (cpuBefore[0] as number) : Number.NaN;
    heapUsed[place] = v8().getHeapStatistics().used_heap_size;
  }

  batchOver(): void {
    if (this.#measuresHeap) store(this.#shared.cells, CELL.HEAP, v8().getHeapStatistics().used_heap_size / MIB);
  }
}

/** Reads the CPU time of the calling thread in milliseconds; `undefined` where neither Node.js nor the kernel tells it. */
function ownCpuTime(): (() => number) | undefined {
  // Node.js 22.15, 23.9 and later.
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } };
  if (threadCpuUsage === undefined) return ownKernelCpuTime();
  return () => {
    const { user, system } = threadCpuUsage();
    return (user + system) / 1e3;
  };
}

import { monotonicNow } from '../../time/clock.js';
import { CELL, PHASE, type SharedMemory } from '../wire/shared-memory.js';

// Taken now: handlers may change the globals.
const { store } = Atomics;

/** What the thread does, as it says in shared memory. */
export class Status {
  readonly #shared: SharedMemory;
  #phase: number = PHASE.IDLE;
  /** When the last job ended, or what came after it: the clock is read once between two jobs. */
  #now = monotonicNow();

  constructor(shared: SharedMemory) {
    this.#shared = shared;
  }

  get now(): number {
    return this.#now;
  }

  get isRunning(): boolean {
    return this.#phase === PHASE.RUNNING;
  }

  /** Reads the clock. */
  tick(): number {
    this.#now = monotonicNow();
    return this.#now;
  }

  /** Begins a phase now. The time is written first: whoever sees the phase sees its time. */
  enter(phase: number): void {
    this.#shared.since[0] = this.#now;
    this.#set(phase);
  }

  /** Nothing is being done. */
  leave(): void {
    this.#set(PHASE.IDLE);
  }

  #set(phase: number): void {
    this.#phase = phase;
    store(this.#shared.cells, CELL.PHASE, phase);
  }
}

import type { Worker } from 'node:worker_threads';
import type { Clock } from '../time/clock.js';
import { bootError } from './attempt-errors.js';
import type { Boots } from './boots.js';
import type { PoolEvents } from './pool.js';
import type { Roster } from './roster.js';
import { Sizing } from './sizing.js';
import { Slot, type SlotEvents } from './slot.js';
import type { ThreadsOptions } from './thread-events.js';
import type { OpenMessage } from './wire/protocol.js';

export interface SpawnedEvents extends SlotEvents {
  exited(slot: Slot, exitCode: number): void;
}

/** How many threads there shall be, and how each begins. */
export class Spawning implements PoolEvents {
  readonly sizing: Sizing;
  readonly #clock: Clock;
  readonly #options: ThreadsOptions;
  readonly #roster: Roster;
  readonly #boots: Boots;
  readonly #events: SpawnedEvents;
  readonly #waiting: () => number;

  /** `waiting`: how many jobs wait for a thread. */
  constructor(clock: Clock, options: ThreadsOptions, roster: Roster, boots: Boots, events: SpawnedEvents, waiting: () => number) {
    this.sizing = new Sizing(options);
    this.#clock = clock;
    this.#options = options;
    this.#roster = roster;
    this.#boots = boots;
    this.#events = events;
    this.#waiting = waiting;
  }

  /**
   * Until one thread is ready to run jobs, no more boot than have work, for they take the cores from each other, and from a program that
   * starts; but all where somebody waits for them.
   */
  get wanted(): number {
    const all = this.#roster.settled > 0 || this.#boots.isAwaited;
    return this.sizing.wanted(this.#roster.busy + this.#waiting(), this.#roster.open, all);
  }

  spawned(worker: Worker): OpenMessage {
    const { idPrefix, recycle, maxBatch, listened, worker: options } = this.#options;
    const { data, name, console: printing = 'inherit' } = options;
    const slot = new Slot(worker, this.#clock, maxBatch, this.#events);
    this.#roster.slots.set(worker, slot);
    this.#boots.started(slot);
    worker.on('error', (error) => {
      slot.fatal = error;
    });
    worker.once('exit', (code) => this.#events.exited(slot, code));
    const facts = { idPrefix, data, name, printing, listened, measuresHeap: recycle?.heapMb !== undefined };
    return slot.openMessage(facts, this.#boots.preload);
  }

  unusable(worker: Worker, error: unknown): void {
    const slot = this.#roster.slots.get(worker);
    if (slot !== undefined) slot.fatal = error;
    void worker.terminate();
  }

  notSpawned(error: unknown): void {
    this.#boots.failed(bootError(error));
  }
}

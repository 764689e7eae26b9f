import type { Worker } from 'node:worker_threads';
import type { Clock } from '../time/clock.js';
import { Dying } from './dying.js';
import type { ThreadStats } from './runner.js';
import type { Slot, SlotState } from './slot.js';
import { Utilization } from './utilization.js';

/** The threads that have not exited, by their states. */
export class Roster {
  readonly slots = new Map<Worker, Slot>();
  /** Those that wait for work. The last used last: its code is warm. */
  readonly idle: Slot[] = [];
  readonly #threads: number;
  readonly #utilization: Utilization;
  readonly #dying: Dying;
  #warming = 0;
  /** Those that work, and have loaded no module so far. */
  readonly #loading = new Set<Slot>();

  /** `threads`: jobs that may run at once. */
  constructor(clock: Clock, threads: number, zombie: (slot: Slot) => void) {
    this.#threads = threads;
    this.#utilization = new Utilization(() => clock.now(), threads);
    this.#dying = new Dying(clock, zombie);
  }

  get busy(): number {
    return this.#utilization.busy;
  }

  /** How many have booted, and live. */
  get open(): number {
    return this.idle.length + this.busy + this.#warming;
  }

  /** How many of them do not load their first module. */
  get settled(): number {
    return this.open - this.#loading.size;
  }

  /** Those that wait for work and may get it, the best first. */
  get free(): Slot[] {
    return this.room > 0 ? this.idle.slice(-this.room).reverse() : [];
  }

  /** How many that wait for work may get it. */
  get room(): number {
    return this.isBlocked ? 0 : Math.min(this.idle.length, this.#threads - this.busy);
  }

  /** Whether threads that do not die have piled up: then they are waited for, instead of starting ever more. */
  get isBlocked(): boolean {
    return this.#dying.zombies >= this.#threads || this.#dying.size >= 2 * this.#threads;
  }

  /** `pending`: threads that are about to be started. */
  stats(killed: number, pending: number): ThreadStats {
    let size = pending;
    let starting = pending;
    for (const { state, worker } of this.slots.values()) {
      // One that has just exited may be replaced already, while its last words are heard.
      if (state === 'dying' || state === 'ending' || worker.threadId < 0) continue;
      size++;
      if (state === 'booting' || state === 'warming') starting++;
    }
    return { size, busy: this.busy, starting, zombies: this.#dying.zombies, killed, utilization: this.#utilization.share };
  }

  /** Every change of a thread's state is made here. */
  move(slot: Slot, to: SlotState): void {
    this.#leave(slot);
    slot.state = to;
    if (to === 'busy') this.#works(slot);
    else if (to === 'warming') this.#warming++;
    else if (to === 'idle') this.idle.push(slot);
    else if (to === 'dying') this.#dying.add(slot);
    else if (to === 'gone') this.slots.delete(slot.worker);
  }

  /** The thread has loaded its first module, or needs none. Whether that is news. */
  settle(slot: Slot): boolean {
    return this.#loading.delete(slot);
  }

  #works(slot: Slot): void {
    this.#utilization.busy++;
    if (slot.loadsFirst) this.#loading.add(slot);
  }

  #leave(slot: Slot): void {
    this.settle(slot);
    if (slot.state === 'busy') this.#utilization.busy--;
    else if (slot.state === 'warming') this.#warming--;
    else if (slot.state === 'idle') this.idle.splice(this.idle.lastIndexOf(slot), 1);
    else if (slot.state === 'dying') this.#dying.exited(slot);
  }
}

import type { Clock } from '../time/clock.js';
import type { Slot } from './slot.js';

/** A terminated thread that has not exited after this many milliseconds is a zombie: native code holds it. */
const ZOMBIE_AFTER = 1_000;

/** The threads that were terminated, and have not exited. */
export class Dying {
  /** How many there are, zombies included. */
  size = 0;
  zombies = 0;
  readonly #clock: Clock;
  readonly #zombie: (slot: Slot) => void;

  constructor(clock: Clock, zombie: (slot: Slot) => void) {
    this.#clock = clock;
    this.#zombie = zombie;
  }

  add(slot: Slot): void {
    this.size++;
    this.#clock.setTimeout(() => this.#stillThere(slot), ZOMBIE_AFTER);
  }

  exited(slot: Slot): void {
    this.size--;
    if (slot.isZombie) this.zombies--;
  }

  #stillThere(slot: Slot): void {
    if (slot.state !== 'dying') return;
    slot.isZombie = true;
    this.zombies++;
    // A termination can be lost; a second one is harmless.
    slot.terminate();
    this.#zombie(slot);
  }
}

import type { JobKind } from '../job/kind.js';
import type { Clock } from '../time/clock.js';
import { slowModule } from './attempt-errors.js';
import type { Slot } from './slot.js';

/** How long a module may take that a thread loads though it runs no job of it, by the thread's deadline. */
export class LoadLimit {
  readonly #clock: Clock;
  readonly #trouble: (facts: object, message: string) => void;

  /** `trouble`: for the log. */
  constructor(clock: Clock, trouble: (facts: object, message: string) => void) {
    this.#clock = clock;
    this.#trouble = trouble;
  }

  begins(slot: Slot, kind: JobKind): void {
    slot.loading = { kind, since: this.#clock.now() };
    slot.deadline.clear();
    slot.deadline.within(kind.definition.loadTimeout / 2);
  }

  ended(slot: Slot): void {
    slot.loading = undefined;
    slot.deadline.clear();
  }

  /** The deadline has fired: whether the time is over. Half of it is told of. */
  isOver(slot: Slot, { kind, since }: NonNullable<Slot['loading']>): boolean {
    const { definition } = kind;
    const left = since + definition.loadTimeout - this.#clock.now();
    const half = left - definition.loadTimeout / 2;
    if (left <= 0) return true;
    if (half > 0) {
      slot.deadline.within(half);
      return false;
    }
    slot.deadline.within(left);
    // Once, though a timer may fire a little early.
    if (slot.warnedOf !== since) this.#trouble(...slowModule(definition));
    slot.warnedOf = since;
    return false;
  }
}

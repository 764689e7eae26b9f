import type { JobKind } from '../job/kind.js';
import type { Clock, Timer } from '../time/clock.js';
import { STUCK_AFTER } from './deadline.js';
import type { LoadLimit } from './load-limit.js';
import type { Slot } from './slot.js';
import { PHASE } from './wire/shared-memory.js';

/** Time that jobs have to be started before a module is loaded for later ones, which takes a core, in milliseconds. */
const HEAD_START = 5;

export interface WarmingThreads {
  readonly closed: boolean;
  /** Those that wait for work, the one that is used next last. */
  readonly idle: readonly Slot[];
  /** The thread loads a module now. */
  warm(slot: Slot): void;
  kill(slot: Slot): void;
}

/**
 * Loads the modules of the jobs that were added into the threads that wait, so that they start at once there. One module
 * at a time: it shall not keep others from a core.
 */
export class Warmup {
  readonly #clock: Clock;
  readonly #threads: WarmingThreads;
  readonly #limit: LoadLimit;
  readonly #notLoading: (kind: JobKind) => void;
  /** In the order of their first jobs; `undefined` where a module turned out to be bad. */
  readonly #kinds: (JobKind | undefined)[] = [];
  #warming: Slot | undefined;
  #timer: Timer | undefined;

  /** `notLoading`: a module has not loaded in its time. */
  constructor(clock: Clock, threads: WarmingThreads, limit: LoadLimit, notLoading: (kind: JobKind) => void) {
    this.#clock = clock;
    this.#threads = threads;
    this.#limit = limit;
    this.#notLoading = notLoading;
  }

  /** Jobs of the kind are added from now on. */
  uses(kind: JobKind): void {
    this.#kinds.push(kind);
    this.#schedule();
  }

  /** A thread waits for work. */
  rests(slot: Slot): void {
    if (this.#missing(slot) !== undefined) this.#schedule();
  }

  loaded(slot: Slot): void {
    this.#limit.ended(slot);
    this.#warming = undefined;
    // Others may miss it too.
    this.#schedule();
  }

  /** Whether the thread should have begun by now: what an earlier job left behind holds it, and its module is not to blame. */
  isStuck(slot: Slot): boolean {
    return slot.loading !== undefined && !hasBegun(slot) && this.#beginsWithin(slot.loading) <= 0;
  }

  #beginsWithin({ since }: NonNullable<Slot['loading']>): number {
    return since + STUCK_AFTER - this.#clock.now();
  }

  onDeadline(slot: Slot): void {
    const { loading } = slot;
    if (loading === undefined) return;
    if (!hasBegun(slot)) return slot.deadline.within(this.#beginsWithin(loading));
    if (!this.#limit.isOver(slot, loading)) return;
    this.#threads.kill(slot);
    this.#notLoading(loading.kind);
  }

  /** A thread has exited, or is about to. What it was loading is loaded for its own jobs only from now on: they will say what is wrong. */
  ends(slot: Slot): void {
    if (slot !== this.#warming) return;
    this.#warming = undefined;
    if (hasBegun(slot)) this.drop(slot.loading?.kind.definition.name);
    this.#schedule();
  }

  /** The module of a kind does harm in threads that only load it. */
  drop(name: string | undefined): void {
    const at = this.#kinds.findIndex((kind) => kind?.definition.name === name);
    if (at >= 0) this.#kinds[at] = undefined;
  }

  #schedule(): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#next();
    }, HEAD_START);
  }

  #next(): void {
    if (this.#warming !== undefined || this.#threads.closed) return;
    for (const slot of [...this.#threads.idle].reverse()) {
      const kind = this.#missing(slot);
      if (kind === undefined) continue;
      this.#warming = slot;
      this.#threads.warm(slot);
      this.#limit.begins(slot, kind);
      slot.deadline.within(STUCK_AFTER);
      slot.load(kind);
      return;
    }
  }

  /** The first kind that the thread has not been told of. */
  #missing(slot: Slot): JobKind | undefined {
    for (; slot.warmth < this.#kinds.length; slot.warmth++) {
      const kind = this.#kinds[slot.warmth];
      if (kind !== undefined && !slot.knows(kind)) return kind;
    }
    return undefined;
  }
}

function hasBegun({ phase }: Slot): boolean {
  return phase === PHASE.LOADING;
}

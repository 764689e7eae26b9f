import type { Clock, Timer } from '../clock.js';
import type { Slot } from './slot.js';

/** Longest time between two looks at a busy thread, in milliseconds. */
export const LOOK_AT_LEAST_EVERY = 1_000;
/** A running job that holds others back for this long, in milliseconds, loses them to other threads. */
export const HOLDS_BACK_AFTER = 10;
/** Limit for booting a thread, and for loading a module, in milliseconds; neither counts as run time. */
export const LOAD_LIMIT = 30_000;

/** What a look at a busy thread found. */
export type Finding = { is: 'over' | 'not-loading' | 'stuck' } | { is: 'holding-back' | 'fine'; lookAgainIn: number };

/** Judges what a busy thread is doing now. Between jobs it must move on within {@link LOOK_AT_LEAST_EVERY}. */
export function judge(slot: Slot, now: number): Finding {
  const running = slot.running();
  if (running === undefined) return judgeIdle(slot, now);
  slot.seenIdleAt = undefined;
  const ranFor = now - running.since;
  const limit = running.loading ? LOAD_LIMIT : running.record.timeout;
  if (ranFor >= limit) return { is: running.loading ? 'not-loading' : 'over' };
  const holdsBack = slot.batch.some((record, position) => position > running.position && record !== undefined);
  if (!holdsBack) return { is: 'fine', lookAgainIn: Math.min(limit - ranFor, LOOK_AT_LEAST_EVERY) };
  if (ranFor >= HOLDS_BACK_AFTER) return { is: 'holding-back', lookAgainIn: Math.min(limit - ranFor, LOOK_AT_LEAST_EVERY) };
  return { is: 'fine', lookAgainIn: Math.min(limit - ranFor, HOLDS_BACK_AFTER) };
}

/** Busy, but nothing runs: fine for a moment; for longer, what an earlier job left behind holds the thread. */
function judgeIdle(slot: Slot, now: number): Finding {
  const { position } = slot.activity();
  const seen = slot.seenIdleAt;
  if (seen?.position === position && now - seen.at >= LOOK_AT_LEAST_EVERY) return { is: 'stuck' };
  if (seen?.position !== position) slot.seenIdleAt = { position, at: now };
  return { is: 'fine', lookAgainIn: LOOK_AT_LEAST_EVERY };
}

/**
 * One timer for a thread. It is set again only when something is due earlier, so that a stream of short batches
 * sets it once; when it fires, shared memory says what is really running since when.
 */
export class Deadline {
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly fire: () => void,
  ) {}

  /** Fires in `ms` or earlier. */
  within(ms: number): void {
    const due = this.clock.now() + ms;
    if (this.#due <= due) return;
    this.clear();
    this.#due = due;
    this.#timer = this.clock.setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.fire();
    }, ms);
  }

  clear(): void {
    this.clock.clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
  }
}

import { HOLDS_BACK_AFTER, LOAD_LIMIT, LOOK_AT_LEAST_EVERY } from './deadline.js';
import type { Slot } from './slot.js';

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

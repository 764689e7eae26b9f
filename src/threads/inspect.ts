import type { JobRecord } from '../job/record.js';
import { HOLDS_BACK_AFTER, LOOK_AT_LEAST_EVERY, SEND_LIMIT } from './deadline.js';
import type { Slot } from './slot.js';
import { PHASE } from './wire/shared-memory.js';

/** What a look at a busy thread found. */
export type Finding = { is: 'over' | 'not-loading' | 'stuck' } | { is: 'holding-back' | 'fine'; lookAgainIn: number };

/** Says what a busy thread is doing now. Between jobs it must move on within {@link LOOK_AT_LEAST_EVERY}. */
export function inspect(slot: Slot, now: number): Finding {
  const running = slot.running();
  if (running === undefined) return inspectIdle(slot, now);
  slot.seenIdleAt = undefined;
  const { record, position, since, loading } = running;
  const ranFor = now - since;
  const limit = loading ? record.kind.definition.loadTimeout : record.timeout;
  if (ranFor >= limit) return { is: loading ? 'not-loading' : 'over' };
  const next = soonest(slot.records(position + 1));
  // Its clock has not started: it may start at any moment.
  const own = loading ? Math.min(limit - ranFor, record.timeout) : limit - ranFor;
  if (next === Number.POSITIVE_INFINITY) return { is: 'fine', lookAgainIn: Math.min(own, LOOK_AT_LEAST_EVERY) };
  const patience = patienceWith(record);
  if (ranFor >= patience) return { is: 'holding-back', lookAgainIn: Math.min(own, LOOK_AT_LEAST_EVERY) };
  return { is: 'fine', lookAgainIn: Math.min(own, next, patience - ranFor) };
}

/** How long a job may hold others back, in milliseconds: those were sent to be run after it, so at least for as long as it usually takes. */
export function patienceWith({ kind }: JobRecord): number {
  return Math.max(HOLDS_BACK_AFTER, 2 * (kind.usualRunTime ?? 0));
}

/** The earliest that one of these jobs can be over its limit, when it starts now; infinite when there is none. */
export function soonest(records: readonly JobRecord[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { timeout } of records) if (timeout < least) least = timeout;
  return least;
}

/** Busy, but nothing runs: fine for a moment; for longer, what an earlier job left behind holds the thread. */
function inspectIdle(slot: Slot, now: number): Finding {
  const { phase, position, since } = slot.activity();
  if (phase === PHASE.SENDING && now - since < SEND_LIMIT) {
    // A result of some hundred megabytes takes a second and more to copy.
    slot.seenIdleAt = undefined;
    return { is: 'fine', lookAgainIn: Math.min(soonest(slot.records(position + 1)), LOOK_AT_LEAST_EVERY) };
  }
  const seen = slot.seenIdleAt;
  if (seen?.position === position && now - seen.at >= LOOK_AT_LEAST_EVERY) return { is: 'stuck' };
  if (seen?.position !== position) slot.seenIdleAt = { position, at: now };
  return { is: 'fine', lookAgainIn: Math.min(soonest(slot.records(position + 1)), LOOK_AT_LEAST_EVERY) };
}

import { HOLDS_BACK_AFTER, LOOK_AT_LEAST_EVERY, SEND_LIMIT, STUCK_AFTER } from './deadline.js';
import type { Work } from './runner.js';
import type { Position } from './wire/protocol.js';
import { PHASE } from './wire/shared-memory.js';

/** What a busy thread is doing, and for whom. */
export interface View {
  /** One of {@link PHASE}. */
  phase: number;
  /** Position of the job started last; -1 before the first. */
  position: Position;
  /** Since when, on the clock of all threads; only where `phase` is not idle. */
  since: number;
  /** The running job, or the one whose module loads; `undefined` between jobs. */
  running: Work | undefined;
  /** Jobs behind it, which wait for it or for the thread. */
  behind: readonly Work[];
  /** Whether jobs before it have ended, and their results have not arrived. */
  owesResults: boolean;
  /** How long it took to write what the thread was sent, in milliseconds. */
  written: number;
}

/** When a thread was first seen between two jobs, and after which: to notice one that is stuck there. */
export interface SeenIdle {
  position: Position;
  at: number;
}

/** What a look at a busy thread found. */
export type Finding =
  | { is: 'over' | 'not-loading'; running: { work: Work; position: Position; since: number } }
  | { is: 'stuck' }
  | { is: 'holding-back' | 'fine'; lookAgainIn: number; seenIdleAt: SeenIdle | undefined };

/** Reading takes a thread as long as writing took us, or some times as long: it has objects to make, and others use its CPU. */
const READING = 20;

/** Says what a busy thread is doing now. Between jobs it must move on within {@link STUCK_AFTER}. */
export function inspect(view: View, seenIdleAt: SeenIdle | undefined, now: number): Finding {
  const { running } = view;
  return running === undefined ? inspectIdle(view, seenIdleAt, now) : inspectRunning(view, running, now);
}

function inspectRunning({ phase, position, since, behind, owesResults }: View, running: Work, now: number): Finding {
  const loading = phase === PHASE.LOADING;
  const ranFor = now - since;
  const limit = loading ? running.kind.definition.loadTimeout : running.timeout;
  if (ranFor >= limit) return { is: loading ? 'not-loading' : 'over', running: { work: running, position, since } };
  // Its clock has not started: it may start at any moment.
  const own = Math.min(loading ? Math.min(limit - ranFor, running.timeout) : limit - ranFor, LOOK_AT_LEAST_EVERY);
  const results = owesResults ? HOLDS_BACK_AFTER : own;
  const patience = patienceWith(running);
  if (behind.length === 0) return { is: 'fine', lookAgainIn: Math.min(own, results), seenIdleAt: undefined };
  if (ranFor >= patience) return { is: 'holding-back', lookAgainIn: Math.min(own, results), seenIdleAt: undefined };
  return { is: 'fine', lookAgainIn: Math.min(own, results, soonest(behind), patience - ranFor), seenIdleAt: undefined };
}

/** Busy, but nothing runs: fine for a moment; for longer, what an earlier job left behind holds the thread. */
function inspectIdle(
  { phase, position, since, behind, owesResults, written }: View,
  seenIdleAt: SeenIdle | undefined,
  now: number,
): Finding {
  const others = behind.length > 0 || owesResults ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY;
  const lookAgainIn = Math.min(soonest(behind), others);
  // A result of some hundred megabytes takes a second and more to copy.
  if (phase === PHASE.SENDING && now - since < SEND_LIMIT) return { is: 'fine', lookAgainIn, seenIdleAt: undefined };
  const seen = seenIdleAt?.position === position ? seenIdleAt : { position, at: now };
  // And so does an input: the thread reads it before it starts a job of its message.
  const limit = Math.min(STUCK_AFTER + READING * written, SEND_LIMIT);
  return now - seen.at >= limit ? { is: 'stuck' } : { is: 'fine', lookAgainIn, seenIdleAt: seen };
}

/** How long a job may hold others back, in milliseconds: those were sent to be run after it, so at least for as long as it usually takes. */
function patienceWith({ kind }: Work): number {
  return Math.max(HOLDS_BACK_AFTER, 2 * (kind.usualRunTime ?? 0));
}

/** The earliest that one of these jobs can be over its limit, when it starts now; infinite when there is none. */
export function soonest(works: readonly Work[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { timeout } of works) if (timeout < least) least = timeout;
  return least;
}

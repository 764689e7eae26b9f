import type { Outcome } from '../job/attempt.js';
import type { AttemptEnd, Execution, Reports, Work } from './runner.js';
import type { Slot } from './slot.js';

/** The end of an attempt on this thread that has not completed its job. */
export function endOn(slot: Slot, outcome: Outcome, error: unknown, run: Execution): AttemptEnd {
  // Until it has, the job must not run elsewhere.
  const exited = slot.state === 'dying' ? slot.exited : undefined;
  return { outcome, error, ...run, threadId: slot.threadId, exited };
}

/** An attempt on this thread is over, and has not completed its job, which must have been taken off the thread. */
export function settle(reports: Reports, slot: Slot, work: Work, outcome: Outcome, error: unknown, run: Execution): void {
  reports.ended(work, endOn(slot, outcome, error, run));
}

/** The same of one that the thread had not started. */
export function settleUnstarted(reports: Reports, slot: Slot, work: Work, outcome: Outcome, error: unknown, now: number): void {
  settle(reports, slot, work, outcome, error, { startedAt: now, duration: 0, started: false });
}

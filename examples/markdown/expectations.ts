import { isDeepStrictEqual } from 'node:util';
import type { DeadLetter, Job, QueueStats } from 'threadmill';
import { FIRST_GOOD_ATTEMPT } from './outline.job.js';
import type { TroubledJobs } from './phases.js';
import { render } from './render.job.js';
import { search } from './search.job.js';

/** Something that did not end as it should. */
export interface Difference {
  what: string;
  expected: unknown;
  actual: unknown;
}

export function compare(what: string, expected: unknown, actual: unknown): Difference[] {
  return isDeepStrictEqual(actual, expected) ? [] : [{ what, expected, actual }];
}

/** How all jobs must have ended before anything is replayed: derived from what was added and from the definitions. */
export function checkEnd(stats: QueueStats, letters: readonly DeadLetter[], rendered: number, troubled: TroubledJobs): Difference[] {
  const { searches, outlines, unreadable } = troubled;
  const added = rendered + searches.length + outlines.length + unreadable.length;
  const failed = unreadable.length + 1;
  const retried = search.maxAttempts - 1 + outlines.length * (FIRST_GOOD_ATTEMPT - 1) + unreadable.length * (render.maxAttempts - 1);
  const ends = { added, completed: added - failed, failed, cancelled: 0, expired: 0, replayed: 0, snoozed: 0 };
  // An interrupted attempt is no fault of its job and costs it nothing: how many a kill interrupts is chance.
  const { interrupted: _chance, ...totals } = stats.totals;
  return [
    ...compare('totals', { ...ends, retried, timedOut: search.maxAttempts, crashed: 0, deduplicated: 0 }, totals),
    ...compare('threads killed', search.maxAttempts, stats.threads.killed),
    ...compare('dead letters', expectedLetters(troubled), letters.map(facts).sort(byId)),
    ...checkBalance(stats),
  ];
}

/** What must be true of a queue at rest: every job that came in has ended, once. */
export function checkBalance({ counts, totals }: QueueStats): Difference[] {
  const living = counts.waiting + counts.delayed + counts.active;
  const ended = totals.completed + totals.failed + totals.cancelled;
  return [
    ...compare('jobs waiting, delayed or active', 0, living),
    ...compare('added + replayed = completed + failed + cancelled', totals.added + totals.replayed, ended),
  ];
}

interface LetterFacts {
  id: string;
  name: string;
  outcomes: string[];
}

function expectedLetters({ hanging, unreadable }: TroubledJobs): LetterFacts[] {
  const letter = ({ id, name }: Job, outcome: string, attempts: number) => ({ id, name, outcomes: Array(attempts).fill(outcome) });
  return [letter(hanging, 'timed-out', search.maxAttempts), ...unreadable.map((job) => letter(job, 'failed', render.maxAttempts))].sort(
    byId,
  );
}

function facts({ id, name, attempts }: DeadLetter): LetterFacts {
  return { id, name, outcomes: attempts.map(({ outcome }) => outcome) };
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

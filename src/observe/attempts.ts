import type { EventEmitter } from 'node:events';
import type { QueueEvents } from '../events.js';
import type { Attempt } from '../job/attempt.js';
import { type Job, recordOf } from '../job/job.js';
import type { JobRecord } from '../job/record.js';

/** An attempt that has just ended. */
export interface EndedAttempt extends Attempt {
  /** In milliseconds since 1970, with the parts of one where they are known. */
  readonly startedAt: number;
  /** How long the job had waited for the thread since it was ready, in milliseconds, where it is known. */
  readonly waited: number | undefined;
}

export type AttemptListener = (job: Job, attempt: EndedAttempt) => void;

/**
 * Calls `ended` for every attempt that ends from now on, once, before listeners that are added later hear of the event.
 * One that was interrupted has no event of its own: it is told when the next attempt of its job has ended. Gives what stops it.
 */
export function onAttemptEnd(queue: EventEmitter<QueueEvents>, ended: AttemptListener): () => void {
  /** Attempts that were told of jobs which have another before them. */
  const told = new WeakMap<Job, number>();

  /** Of those that did not complete the job all but the last, or all where another has. */
  const tellEarlier = (job: Job, attempts: readonly Attempt[], before: number) => {
    for (let at = told.get(job) ?? 0; at < before; at++) ended(job, { ...(attempts[at] as Attempt), waited: undefined });
  };
  const tellLast = (job: Job, goesOn: boolean) => {
    const record = recordOf(job);
    const { failedAttempts: attempts } = record;
    const before = attempts.length - 1;
    const last = attempts[before];
    if (last !== undefined && before >= (told.get(job) ?? 0)) {
      tellEarlier(job, attempts, before);
      ended(job, { ...last, startedAt: record.lastStart, waited: record.waitTime });
    }
    if (goesOn) told.set(job, attempts.length);
    else told.delete(job);
  };
  const completed = (job: Job) => {
    const record = recordOf(job);
    const { failedAttempts } = record;
    // Most jobs have none, and are many.
    if (failedAttempts.length > 0) {
      tellEarlier(job, failedAttempts, failedAttempts.length);
      told.delete(job);
    }
    ended(job, completion(record));
  };
  const over = (job: Job) => tellLast(job, false);
  const again = (job: Job) => tellLast(job, true);

  queue.on('completed', completed).on('failed', over).on('cancelled', over).on('retrying', again);
  return () => {
    queue.off('completed', completed).off('failed', over).off('cancelled', over).off('retrying', again);
  };
}

/** The attempt that completed a job. */
function completion(record: JobRecord): EndedAttempt {
  const { attempt: number, lastStart: startedAt, lastRunTime: duration, threadId, waitTime: waited, rare } = record;
  const attempt: EndedAttempt = { number, outcome: 'completed', startedAt, duration, threadId, waited };
  return rare?.usage === undefined ? attempt : { ...attempt, ...rare.usage };
}

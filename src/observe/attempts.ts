import type { EventEmitter } from 'node:events';
import type { QueueEvents } from '../events.js';
import type { Attempt } from '../job/attempt.js';
import { type Job, recordOf } from '../job/job.js';

/**
 * `startedAt`: in milliseconds since 1970, with the parts of one where they are known. `waited`: how long the job had
 * waited for the thread since it was ready, in milliseconds, where it is known.
 */
export type AttemptListener = (job: Job, attempt: Attempt, startedAt: number, waited: number | undefined) => void;

/**
 * Calls `ended` for every attempt that ends from now on, once, before listeners that are added later hear of the event.
 * One that was interrupted has no event of its own: it is told when the next attempt of its job has ended. Gives what stops it.
 */
export function onAttemptEnd(queue: EventEmitter<QueueEvents>, ended: AttemptListener): () => void {
  /** Attempts that were told of jobs which have another before them. */
  const told = new WeakMap<Job, number>();

  const tell = (job: Job, goesOn: boolean) => {
    const { attempts } = job;
    const last = attempts.length - 1;
    for (let at = told.get(job) ?? 0; at <= last; at++) {
      const attempt = attempts[at] as Attempt;
      if (at < last) ended(job, attempt, attempt.startedAt, undefined);
      else ended(job, attempt, recordOf(job).lastStart, job.waitTime);
    }
    if (goesOn) told.set(job, attempts.length);
    else told.delete(job);
  };
  const over = (job: Job) => tell(job, false);
  const again = (job: Job) => tell(job, true);

  queue.on('completed', over).on('failed', over).on('cancelled', over).on('retrying', again);
  return () => {
    queue.off('completed', over).off('failed', over).off('cancelled', over).off('retrying', again);
  };
}

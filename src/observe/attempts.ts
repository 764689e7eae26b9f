import type { EventEmitter } from 'node:events';
import type { QueueEvents } from '../events.js';
import type { Attempt } from '../job/attempt.js';
import type { JobRecord } from '../job/record.js';
import { observe } from './observers.js';

/** An attempt that has just ended. */
export interface EndedAttempt extends Attempt {
  /** In milliseconds since 1970, with the parts of one where they are known. */
  readonly startedAt: number;
  /** How long the job had waited for the thread since it was ready, in milliseconds, where it is known. */
  readonly waited: number | undefined;
}

export type AttemptObserver = (record: JobRecord, attempt: EndedAttempt) => void;

/**
 * Calls `ended` for every attempt that ends from now on, once, before listeners hear of the event. One that was interrupted has no
 * event of its own: it is told when the next attempt of its job has ended. Gives what stops it.
 */
export function onAttemptEnd(queue: EventEmitter<QueueEvents>, ended: AttemptObserver): () => void {
  /** Attempts that were told of jobs which have another before them. */
  const told = new WeakMap<JobRecord, number>();

  /** Of those that did not complete the job all but the last, or all where another has. */
  const tellEarlier = (record: JobRecord, attempts: readonly Attempt[], before: number) => {
    for (let at = told.get(record) ?? 0; at < before; at++) ended(record, { ...(attempts[at] as Attempt), waited: undefined });
  };
  const tellLast = (record: JobRecord, goesOn: boolean) => {
    const { failedAttempts: attempts } = record;
    const before = attempts.length - 1;
    const last = attempts[before];
    if (last !== undefined && before >= (told.get(record) ?? 0)) {
      tellEarlier(record, attempts, before);
      ended(record, { ...last, startedAt: record.lastStart, waited: record.waitTime });
    }
    if (goesOn) told.set(record, attempts.length);
    else told.delete(record);
  };
  const completed = (record: JobRecord) => {
    const { failedAttempts } = record;
    // Most jobs have none, and are many.
    if (failedAttempts.length > 0) {
      tellEarlier(record, failedAttempts, failedAttempts.length);
      told.delete(record);
    }
    ended(record, completion(record));
  };
  const over = (record: JobRecord) => tellLast(record, false);
  const again = (record: JobRecord) => tellLast(record, true);

  const isWanted = () => true;
  const stops = [
    observe(queue, 'completed', { told: completed, isWanted }),
    observe(queue, 'failed', { told: over, isWanted }),
    observe(queue, 'cancelled', { told: over, isWanted }),
    observe(queue, 'retrying', { told: again, isWanted }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The attempt that completed a job. */
function completion(record: JobRecord): EndedAttempt {
  const { attempt: number, lastStart: startedAt, lastRunTime: duration, threadId, waitTime: waited, rare } = record;
  const attempt: EndedAttempt = { number, outcome: 'completed', startedAt, duration, threadId, waited };
  return rare?.usage === undefined ? attempt : { ...attempt, ...rare.usage };
}

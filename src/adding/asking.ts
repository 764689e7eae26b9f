import { handleOf, Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import { resultOf } from '../job/result.js';

/** A job that was there already, for its idempotency key. */
export class Duplicate {
  constructor(readonly record: JobRecord) {}
}

export type Accepted = JobRecord | Duplicate;

/** The handle of an accepted job: one of its own, when the job was there already. */
export function jobOf(accepted: Accepted): Job {
  return accepted instanceof Duplicate ? new Job(accepted.record, true) : handleOf(accepted);
}

/** How a job is asked for. */
export interface Asking<Presented> {
  /** What the caller gets of the accepted job. */
  readonly present: (accepted: Accepted) => Presented;
  /** Whether the caller waits for its end, and gets its error. */
  readonly awaited: boolean;
}

/** As `add` asks: for the job. */
export const FOR_JOB: Asking<Job> = { present: jobOf, awaited: false };

/** As `run` asks: for the promise of its output. */
export const FOR_OUTPUT: Asking<Promise<unknown>> = {
  present: (accepted) => resultOf(accepted instanceof Duplicate ? accepted.record : accepted),
  awaited: true,
};

import { CancelledError, ExpiredError } from '../errors/errors.js';
import { messageOf } from '../errors/thrown.js';
import type { JobKind } from './kind.js';

/** The job that an error speaks of. */
interface Subject {
  readonly id: string;
  readonly attempt: number;
  readonly kind: Pick<JobKind, 'definition'>;
}

/**
 * An error that is made when somebody reads it: one of its own for each of many jobs costs more than all else of their ends. It has no
 * stack, which would only say who reads it.
 */
export class LateError {
  readonly #make: (job: Subject) => Error;

  constructor(make: (job: Subject) => Error) {
    this.#make = make;
  }

  of(job: Subject): Error {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return this.#make(job);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }
}

/** The error of a job that is cancelled. */
export function cancelled(job: Subject, reason: unknown): CancelledError {
  const because = reason === undefined ? '' : `: ${messageOf(reason)}`;
  const { id: jobId, attempt } = job;
  const jobName = job.kind.definition.name;
  return new CancelledError(`${jobName} was cancelled${because}`, reason, { jobId, jobName, attempt: attempt || undefined });
}

/** The error of a job that was not started in time. */
export function expired({ id: jobId, kind, maxWait }: Subject & { readonly maxWait: number | undefined }): ExpiredError {
  const jobName = kind.definition.name;
  return new ExpiredError(`${jobName} was not started within ${maxWait} ms: it expired`, undefined, { jobId, jobName });
}

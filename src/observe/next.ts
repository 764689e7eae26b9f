import type { JobRecord } from '../job/record.js';
import { decide, type Ending, type Next } from '../job/retry.js';
import { type QueueLogger, report } from './log.js';

/** What is asked of a job to know what follows. */
export type Deciding = Pick<JobRecord, 'attempt' | 'maxAttempts' | 'backoff' | 'putOffs'> & {
  readonly kind: Pick<JobRecord['kind'], 'definition'>;
};

/**
 * What follows the end of a job's attempt. A backoff function that throws, or returns nonsense, is reported, and the
 * default backoff is used.
 */
export function nextOf(
  record: Deciding,
  { outcome, error, started }: Pick<Ending, 'outcome' | 'error' | 'started'>,
  random: () => number,
  logger: QueueLogger | undefined,
): Next {
  const { attempt, maxAttempts, backoff, kind, putOffs } = record;
  const ending = {
    outcome,
    error,
    attempt,
    maxAttempts,
    backoff,
    atMostOnce: kind.definition.delivery === 'at-most-once',
    started,
    putOffs,
  };
  try {
    return decide(ending, random);
  } catch (problem) {
    report(logger, problem, `the backoff function of job "${kind.definition.name}" failed; the default is used`);
    return decide({ ...ending, backoff: { type: 'exponential' } }, random);
  }
}

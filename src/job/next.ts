import type { JobRecord } from './record.js';
import { decide, type Ending, type Next } from './retry.js';

/**
 * What follows the end of a job's attempt. A backoff function that throws, or returns nonsense, is told to `failed`, and
 * the default backoff is used.
 */
export function nextOf(
  record: JobRecord,
  { outcome, error, started }: Pick<Ending, 'outcome' | 'error' | 'started'>,
  random: () => number,
  failed: (problem: unknown) => void,
): Next {
  const { attempt, maxAttempts, backoff, kind } = record;
  const ending = { outcome, error, attempt, maxAttempts, backoff, atMostOnce: kind.definition.delivery === 'at-most-once', started };
  try {
    return decide(ending, random);
  } catch (problem) {
    failed(problem);
    return decide({ ...ending, backoff: { type: 'exponential' } }, random);
  }
}

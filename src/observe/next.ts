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

/**
 * What follows the ends of a queue's jobs. An owner's last word on an attempt that is over, and of which nobody has been told yet, forbids the
 * retry: it may come from a listener of another job, or from the user's code that is asked what follows.
 */
export class Decisions {
  readonly #random: () => number;
  readonly #logger: QueueLogger | undefined;
  readonly #cancelled = new Map<JobRecord, Error>();

  constructor(random: () => number, logger: QueueLogger | undefined) {
    this.#random = random;
    this.#logger = logger;
  }

  /** `error`: what the job ends with, where it does. */
  of(record: JobRecord, end: Pick<Ending, 'outcome' | 'error' | 'started'>): { next: Next; error: unknown } {
    const next = this.lastWord(record) === undefined ? nextOf(record, end, this.#random, this.#logger) : undefined;
    const error = this.lastWord(record);
    if (next !== undefined && error === undefined) return { next, error: end.error };
    this.#cancelled.delete(record);
    return { next: { to: 'cancelled' }, error };
  }

  /** Of a job whose attempt is over. The first word counts. */
  cancel(record: JobRecord, error: Error): true {
    if (!this.#cancelled.has(record)) this.#cancelled.set(record, error);
    return true;
  }

  /** What its owner has cancelled it with, where that was after its attempt and nobody has been told of the end. */
  lastWord(record: JobRecord): Error | undefined {
    return this.#cancelled.size === 0 ? undefined : this.#cancelled.get(record);
  }
}

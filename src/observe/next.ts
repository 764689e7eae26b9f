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

/** What follows the ends of a queue's jobs. The user's code, which is asked meanwhile, may cancel the job that it is asked for. */
export class Decisions {
  readonly #random: () => number;
  readonly #logger: QueueLogger | undefined;
  /** The job that somebody is asked for now, and its owner's last word. */
  #asking: { readonly record: JobRecord; cancelled: Error | undefined } | undefined;

  constructor(random: () => number, logger: QueueLogger | undefined) {
    this.#random = random;
    this.#logger = logger;
  }

  /** `error`: what the job ends with, where it does. */
  of(record: JobRecord, end: Pick<Ending, 'outcome' | 'error' | 'started'>): { next: Next; error: unknown } {
    const before = this.#asking;
    const asking = { record, cancelled: undefined as Error | undefined };
    this.#asking = asking;
    const next = nextOf(record, end, this.#random, this.#logger);
    this.#asking = before;
    return asking.cancelled === undefined ? { next, error: end.error } : { next: { to: 'cancelled' }, error: asking.cancelled };
  }

  /** Whether it is asked now what follows, so that this does. */
  cancel(record: JobRecord, error: Error): boolean {
    if (this.#asking?.record !== record) return false;
    this.#asking.cancelled ??= error;
    return true;
  }
}

import { ModuleError, NotCloneableError, RateLimitedError, SnoozeError, UnrecoverableError } from '../errors/errors.js';
import type { Outcome } from './attempt.js';
import { type Backoff, backoffDelay } from './backoff.js';

/** What a decision is made from. */
export interface Ending {
  outcome: Outcome;
  error: unknown;
  /** Number of the attempt that ended, from 1. */
  attempt: number;
  /** Executions allowed in total. */
  maxAttempts: number;
  backoff: Backoff;
  /** Whether the definition must not run twice. */
  atMostOnce: boolean;
  /** Whether the handler had been started. */
  started: boolean;
  /** How often it has been put off, in a row. Default 0. */
  putOffs?: number;
}

/** Most times in a row that a handler may put its job off. */
const MAX_SNOOZES = 100;

/** `put-off`: the attempt does not count; `limited`: nor is any other job of the definition, and of its group where it has one, started for so long. */
export type Next =
  | { to: 'put-off'; delay: number; limited: boolean }
  | { to: 'completed' | 'failed' | 'cancelled' | 'waiting' }
  | { to: 'delayed'; delay: number };

/** What follows the end of an attempt: the one place that knows the rules of retry. Throws what a backoff function throws. */
export function decide(ending: Ending, random: () => number): Next {
  switch (ending.outcome) {
    case 'completed':
    case 'cancelled':
      return { to: ending.outcome };
    case 'interrupted':
      return { to: ending.started && ending.atMostOnce ? 'failed' : 'waiting' };
    default: {
      const putOff = putOffBy(ending);
      if (putOff !== undefined) return putOff;
      if (ending.attempt >= ending.maxAttempts || isFinal(ending.error)) return { to: 'failed' };
      const delay = backoffDelay(ending.backoff, ending.attempt, ending.error, random);
      return delay === false ? { to: 'failed' } : { to: 'delayed', delay };
    }
  }
}

function putOffBy({ outcome, error, putOffs = 0 }: Ending): Next | undefined {
  if (outcome !== 'failed') return undefined;
  if (error instanceof RateLimitedError && isPause(error.retryAfter)) return { to: 'put-off', delay: error.retryAfter, limited: true };
  if (error instanceof SnoozeError && putOffs < MAX_SNOOZES) return { to: 'put-off', delay: error.ms, limited: false };
  return undefined;
}

/** Whether a job can be put off for so many milliseconds. */
export function isPause(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && Number.isFinite(ms);
}

/** Another attempt would end the same way. */
function isFinal(error: unknown): boolean {
  return error instanceof UnrecoverableError || error instanceof ModuleError || error instanceof NotCloneableError;
}

import { ModuleError, NotCloneableError, UnrecoverableError } from '../errors.js';
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
}

export type Next = { to: 'completed' | 'failed' | 'cancelled' | 'waiting' } | { to: 'delayed'; delay: number };

/** What follows the end of an attempt: the one place that knows the rules of retry. Throws what a backoff function throws. */
export function decide(ending: Ending, random: () => number): Next {
  switch (ending.outcome) {
    case 'completed':
    case 'cancelled':
      return { to: ending.outcome };
    case 'interrupted':
      return { to: ending.started && ending.atMostOnce ? 'failed' : 'waiting' };
    default: {
      if (ending.attempt >= ending.maxAttempts || isFinal(ending.error)) return { to: 'failed' };
      const delay = backoffDelay(ending.backoff, ending.attempt, ending.error, random);
      return delay === false ? { to: 'failed' } : { to: 'delayed', delay };
    }
  }
}

/** Another attempt would end the same way. */
function isFinal(error: unknown): boolean {
  return error instanceof UnrecoverableError || error instanceof ModuleError || error instanceof NotCloneableError;
}

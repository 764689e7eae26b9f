import { z } from 'zod';
import { ModuleError, NotCloneableError, UnrecoverableError } from '../errors.js';
import type { Outcome } from './attempt.js';

/**
 * How long to wait before the next attempt.
 * `fixed`: `delay` ms. `exponential`: `delay * factor ** (attempt - 1)` ms, at most `maxDelay`. Both are then made
 * shorter by a random share of at most `jitter` (0 to 1), so that jobs that failed together do not come back together.
 * A function gets the number of the failed attempt, from 1, and its error, and returns ms, or `false` for no retry.
 */
export type Backoff =
  | { type: 'exponential'; delay?: number; factor?: number; maxDelay?: number; jitter?: number }
  | { type: 'fixed'; delay?: number; jitter?: number }
  | ((attempt: number, error: unknown) => number | false);

const ms = z.number().min(0).refine(Number.isFinite, 'expected a finite number');
const jitter = z.number().min(0).max(1);
const exponential = z.strictObject({
  type: z.literal('exponential'),
  delay: ms.default(1_000),
  factor: z.number().min(1).default(2),
  maxDelay: ms.default(30_000),
  jitter: jitter.default(0.5),
});
const fixed = z.strictObject({ type: z.literal('fixed'), delay: ms.default(1_000), jitter: jitter.default(0) });

export const backoffSchema = z.union(
  [
    z.discriminatedUnion('type', [exponential, fixed]),
    z.custom<(attempt: number, error: unknown) => number | false>((value) => typeof value === 'function'),
  ],
  'expected { type: "exponential", delay, factor, maxDelay, jitter }, { type: "fixed", delay, jitter } or a function',
);

/** Milliseconds before the attempt after `attempt`, or `false` when there shall be none. Throws what a function throws. */
export function backoffDelay(backoff: Backoff, attempt: number, error: unknown, random: () => number): number | false {
  if (typeof backoff === 'function') {
    const delay = backoff(attempt, error);
    if (delay === false || (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay))) return delay;
    throw new TypeError(`backoff returned ${String(delay)}; expected milliseconds from 0, or false`);
  }
  const checked = backoff.type === 'exponential' ? exponential.parse(backoff) : fixed.parse(backoff);
  const whole =
    checked.type === 'exponential' ? Math.min(checked.maxDelay, checked.delay * checked.factor ** (attempt - 1)) : checked.delay;
  return whole * (1 - checked.jitter * random());
}

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

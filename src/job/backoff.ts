import { type Check, number, object, oneOf, optional } from '../checks/checks.js';
import { isThenable, textOf } from '../errors/thrown.js';

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

const DEFAULTS = {
  exponential: { delay: 1_000, factor: 2, maxDelay: 30_000, jitter: 0.5 },
  fixed: { delay: 1_000, jitter: 0 },
};
const { exponential, fixed } = DEFAULTS;
const ms = number(0);
const share = number(0, 1);
const SHAPES = new Map([
  [
    'exponential',
    object({
      type: oneOf('exponential'),
      delay: optional(ms, exponential.delay),
      factor: optional(number(1), exponential.factor),
      maxDelay: optional(ms, exponential.maxDelay),
      jitter: optional(share, exponential.jitter),
    }),
  ],
  ['fixed', object({ type: oneOf('fixed'), delay: optional(ms, fixed.delay), jitter: optional(share, fixed.jitter) })],
]);

export const checkBackoff: Check<Backoff> = (value, refuse) => {
  if (typeof value === 'function') return value;
  const shape = SHAPES.get(value?.type);
  if (shape !== undefined) return shape(value, refuse);
  refuse('expected { type: "exponential", delay, factor, maxDelay, jitter }, { type: "fixed", delay, jitter } or a function');
  return value;
};

/** Milliseconds before the attempt after `attempt`, or `false` when there shall be none. Throws what a function throws. */
export function backoffDelay(backoff: Backoff, attempt: number, error: unknown, random: () => number): number | false {
  if (typeof backoff === 'function') {
    const delay = backoff(attempt, error);
    if (delay === false || (typeof delay === 'number' && delay >= 0 && Number.isFinite(delay))) return delay;
    // What it rejects with is nobody's: that it is a promise is the fault.
    if (isThenable(delay)) Promise.resolve(delay).then(undefined, () => {});
    throw new TypeError(`backoff returned ${textOf(delay)}; expected milliseconds from 0, or false`);
  }
  const { delay, jitter } = { ...DEFAULTS[backoff.type], ...backoff };
  if (backoff.type === 'fixed') return delay * (1 - jitter * random());
  const { factor, maxDelay } = { ...exponential, ...backoff };
  return Math.min(maxDelay, delay * factor ** (attempt - 1)) * (1 - jitter * random());
}

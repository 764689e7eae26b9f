import fc from 'fast-check';
import { ModuleError, NotCloneableError, RateLimitedError, UnrecoverableError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { backoffDelay } from '../../dist/job/backoff.js';
import { decide, type Ending } from '../../dist/job/retry.js';
import { flaky } from '../fixtures/answers.job.js';
import { caught, makeQueue, next, thrownBy, variant } from '../helpers.js';

const delays = fc.double({ min: 0, max: 1e6, noNaN: true });
const shares = fc.double({ min: 0, max: 1, noNaN: true });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const exponential = fc.record({
  type: fc.constant('exponential' as const),
  delay: delays,
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxDelay: delays,
  jitter: shares,
});
const attempts = fc.integer({ min: 1, max: 100 });

const failed: Ending = {
  outcome: 'failed',
  error: new Error('x'),
  attempt: 1,
  maxAttempts: 4,
  backoff: { type: 'fixed', delay: 7, jitter: 0 },
  atMostOnce: false,
  started: true,
};

describe('backoffDelay', () => {
  test('an exponential delay is between its whole and its jittered part, and never above maxDelay', () => {
    fc.assert(
      fc.property(exponential, attempts, randoms, (backoff, attempt, random) => {
        const whole = Math.min(backoff.maxDelay, backoff.delay * backoff.factor ** (attempt - 1));
        const delay = backoffDelay(backoff, attempt, undefined, () => random) as number;
        expect(delay).toBeLessThanOrEqual(whole);
        expect(delay).toBeLessThanOrEqual(backoff.maxDelay);
        expect(delay).toBeGreaterThanOrEqual(whole * (1 - backoff.jitter) - 1e-6);
      }),
    );
  });

  test('a fixed delay is between its whole and its jittered part', () => {
    fc.assert(
      fc.property(delays, shares, attempts, randoms, (delay, jitter, attempt, random) => {
        const got = backoffDelay({ type: 'fixed', delay, jitter }, attempt, undefined, () => random) as number;
        expect(got).toBeLessThanOrEqual(delay);
        expect(got).toBeGreaterThanOrEqual(delay * (1 - jitter) - 1e-6);
      }),
    );
  });

  test('without jitter it never falls from attempt to attempt', () => {
    fc.assert(
      fc.property(exponential, attempts, randoms, (backoff, attempt, random) => {
        const at = (number: number) => backoffDelay({ ...backoff, jitter: 0 }, number, undefined, () => random) as number;
        expect(at(attempt + 1)).toBeGreaterThanOrEqual(at(attempt));
      }),
    );
  });

  test('the defaults double from one second to thirty', () => {
    const at = (attempt: number) => backoffDelay({ type: 'exponential' }, attempt, undefined, () => 0);
    expect([1, 2, 3, 4, 5, 6, 60].map(at)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(backoffDelay({ type: 'exponential' }, 1, undefined, () => 0.5)).toBe(750);
  });

  test('a function gets attempt and error', () => {
    const error = new Error('x');
    expect(backoffDelay((attempt, given) => (given === error ? attempt * 10 : -1), 3, error, Math.random)).toBe(30);
    expect(backoffDelay(() => false, 3, error, Math.random)).toBe(false);
    expect(backoffDelay(() => 0, 3, error, Math.random)).toBe(0);
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '5', undefined, null, true])('a function that returns %j throws', (value) => {
    expect(thrownBy(() => backoffDelay(() => value as never, 1, undefined, Math.random)).message).toContain(String(value));
  });
});

describe('decide', () => {
  test.each(['completed', 'cancelled'] as const)('%s stays %s', (outcome) => {
    expect(decide({ ...failed, outcome }, Math.random)).toEqual({ to: outcome });
  });

  test.each(['failed', 'timed-out', 'crashed'] as const)('%s comes back after its delay', (outcome) => {
    expect(decide({ ...failed, outcome }, Math.random)).toEqual({ to: 'delayed', delay: 7 });
  });

  test.each(['failed', 'timed-out', 'crashed'] as const)('%s fails for good at the last attempt', (outcome) => {
    expect(decide({ ...failed, outcome, attempt: 4 }, Math.random)).toEqual({ to: 'failed' });
  });

  test.each([Number.POSITIVE_INFINITY, Number.NaN, -1, '5'])('a RateLimitedError that says %j is an error as any other', (retryAfter) => {
    const error = Object.assign(new RateLimitedError(1), { retryAfter });
    expect(decide({ ...failed, error }, Math.random)).toEqual({ to: 'delayed', delay: 7 });
  });

  test('there are never more attempts than allowed', () => {
    fc.assert(
      fc.property(attempts, attempts, (attempt, allowed) => {
        const { to } = decide({ ...failed, attempt, maxAttempts: allowed }, Math.random);
        expect(to).toBe(attempt < allowed ? 'delayed' : 'failed');
      }),
    );
  });

  test('interrupted costs nothing, also at the last attempt', () => {
    expect(decide({ ...failed, outcome: 'interrupted', attempt: 4 }, Math.random)).toEqual({ to: 'waiting' });
  });

  test('interrupted at-most-once jobs fail when they had started, and wait when not', () => {
    const ending: Ending = { ...failed, outcome: 'interrupted', maxAttempts: 1, atMostOnce: true };
    expect(decide({ ...ending, started: true }, Math.random)).toEqual({ to: 'failed' });
    expect(decide({ ...ending, started: false }, Math.random)).toEqual({ to: 'waiting' });
  });

  test.each([
    new UnrecoverableError('x'),
    new (class Own extends UnrecoverableError {})('x'),
    new ModuleError('x'),
    new NotCloneableError('x'),
  ])('%s is final', (error) => {
    expect(decide({ ...failed, error }, Math.random)).toEqual({ to: 'failed' });
  });

  test.each([null, undefined, 'text', 3])('a thrown %j is retried', (error) => {
    expect(decide({ ...failed, error }, Math.random)).toEqual({ to: 'delayed', delay: 7 });
  });

  test('a backoff of false is final', () => {
    expect(decide({ ...failed, backoff: () => false }, Math.random)).toEqual({ to: 'failed' });
  });
});

describe('a queue', () => {
  test('retries until the job succeeds', async () => {
    const queue = makeQueue();
    const job = await queue.add(flaky, { failures: 2 });
    expect(await job.result()).toBe(3);
    expect(job.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'completed'],
    ]);
    expect(queue.stats().totals).toMatchObject({ added: 1, completed: 1, failed: 0, retried: 2 });
  });

  test('runs a job as often as attempts says', async () => {
    const queue = makeQueue();
    expect((await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 4 }))).message).toBe('failure 4');
    expect((await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 2 }))).message).toBe('failure 2');
    expect((await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 1 }))).message).toBe('failure 1');
  });

  test('asks a backoff function with attempt and error', async () => {
    const asked: [number, string][] = [];
    const backoff = (attempt: number, error: unknown) => {
      asked.push([attempt, (error as Error).message]);
      return attempt < 3 ? 0 : (false as const);
    };
    const error = await caught(makeQueue().run(flaky, { failures: 9 }, { backoff, maxAttempts: 9 }));
    expect(error.message).toBe('failure 3');
    expect(asked).toEqual([
      [1, 'failure 1'],
      [2, 'failure 2'],
      [3, 'failure 3'],
    ]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('in backoff');
      },
    ],
    ['returns NaN', () => Number.NaN],
  ])('uses the default when a backoff function %s, and says so', async (_what, backoff) => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const queue = makeQueue({ logger: { trace() {}, debug() {}, info() {}, warn() {}, error: note } });
    const retrying = next(queue, 'retrying');
    await queue.add(flaky, { failures: 1 }, { backoff });
    const [, , delay] = await retrying;
    expect(delay).toBeGreaterThanOrEqual(500);
    expect(delay).toBeLessThanOrEqual(1_000);
    expect(JSON.stringify(lines)).toContain('backoff function of job \\"flaky\\"');
  });

  test('a retried job is delayed, with its error in the event', async () => {
    const queue = makeQueue();
    const slow = variant(flaky, { backoff: { type: 'fixed', delay: 60_000 } });
    const retrying = next(queue, 'retrying');
    const job = await queue.add(slow, { failures: 1 });
    const [told, error, delay] = await retrying;
    expect(told.id).toBe(job.id);
    expect((error as Error).message).toBe('failure 1');
    expect(delay).toBe(60_000);
    expect(job.state).toBe('delayed');
    expect(queue.list('delayed').map(({ id }) => id)).toEqual([job.id]);
    expect(job.cancel()).toBe(true);
  });
});

import { CancelledError, TimeoutError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { exitsWhenTold, savesWhenTold } from '../fixtures/grace.job.js';
import { caught, expectBalanced, makeQueue, next, variant } from '../helpers.js';

describe('a job that ends its thread when it is told to stop ends as it was judged', () => {
  test('cancelled: it does not run again', async () => {
    const queue = makeQueue();
    const running = next(queue, 'progress');
    const job = await queue.add(exitsWhenTold, 1);
    await running;
    expect(job.cancel('enough')).toBe(true);
    expect(await caught(job.result())).toBeInstanceOf(CancelledError);
    expect(job.attempts).toMatchObject([{ number: 1, outcome: 'cancelled' }]);
    expect(queue.stats().totals).toMatchObject({ cancelled: 1, crashed: 0, retried: 0 });
    expectBalanced(queue);
  });

  test('timed out', async () => {
    const queue = makeQueue();
    const job = await queue.add(variant(exitsWhenTold, { timeout: 50, gracePeriod: 20_000, maxAttempts: 1 }), 1);
    expect(await caught(job.result())).toBeInstanceOf(TimeoutError);
    expect(job.attempts).toMatchObject([{ number: 1, outcome: 'timed-out' }]);
    expect(queue.stats().totals).toMatchObject({ timedOut: 1, crashed: 0 });
  });
});

test('what a job says in its grace period is heard, and its checkpoint is there for the next attempt', async () => {
  const lines: (string | undefined)[] = [];
  const ignore = () => {};
  const logger = { trace: ignore, debug: ignore, info: (_: object, line?: string) => lines.push(line), warn: ignore, error: ignore };
  const queue = makeQueue({ logger });
  const progress = next(queue, 'progress');
  const job = await queue.add(savesWhenTold, 1);
  expect((await progress)[1]).toBe('saved');
  expect(await job.result()).toEqual({ saved: true });
  expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['timed-out', 'completed']);
  expect(lines).toContain('saved');
});

import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, until } from '../helpers.js';

describe('stats', () => {
  test('have the shape of the contract', async () => {
    const queue = makeQueue();
    await queue.ready();
    const zero = { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 };
    expect(queue.stats()).toEqual({
      counts: { delayed: 0, waiting: 0, active: 0, completed: 0, failed: 0, cancelled: 0 },
      totals: {
        added: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
        expired: 0,
        replayed: 0,
        retried: 0,
        snoozed: 0,
        timedOut: 0,
        crashed: 0,
        interrupted: 0,
        deduplicated: 0,
      },
      threads: { size: 1, busy: 0, starting: 0, zombies: 0, killed: 0, utilization: 0 },
      oldestWaiting: 0,
      waitTime: zero,
      runTime: zero,
      byName: {},
    });
  });

  test('add up, in total and by name', async () => {
    const queue = makeQueue();
    await queue.run(echo, 1);
    await queue.run(sum, { a: 1 });
    await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 2, deadLetter: true }));
    const [letter] = queue.deadLetters.list();
    await (await queue.deadLetters.replay(letter.id, { input: { failures: 0 } })).result();
    queue.pause();
    (await queue.add(echo, 1)).cancel();
    const { totals, byName, runTime, waitTime } = queue.stats();
    expect(totals).toMatchObject({ added: 4, completed: 3, failed: 1, cancelled: 1, replayed: 1, retried: 1 });
    expect(byName.echo.totals).toMatchObject({ added: 2, completed: 1, cancelled: 1 });
    expect(byName.flaky.totals).toMatchObject({ added: 1, completed: 1, failed: 1, replayed: 1, retried: 1 });
    expectBalanced(queue);
    for (const { p50, p95, p99, max, mean } of [runTime, waitTime]) {
      expect(p50).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(p99);
      expect(p99).toBeLessThanOrEqual(max * 1.02);
      expect(mean).toBeGreaterThan(0);
    }
  });

  test('count busy threads', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.ready();
    const gate = makeGate();
    await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    // The others load its module.
    await until(() => queue.stats().threads.starting === 0);
    expect(queue.stats().threads).toMatchObject({ size: 3, busy: 1, starting: 0, zombies: 0, killed: 0 });
    gate.open();
  });

  test('are copies', async () => {
    const queue = makeQueue();
    await queue.run(echo, 1);
    queue.stats().byName.echo.totals.completed = 99;
    expect(queue.stats().byName.echo.totals.completed).toBe(1);
  });
});

import { type JobQueue, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { caught, makeGate, makeQueue, next, thrownBy } from '../helpers.js';

describe('reading', () => {
  test('getJob knows living and kept jobs', async () => {
    const queue = makeQueue({ keepCompleted: 1 });
    const first = await queue.add(echo, 1);
    expect(queue.getJob(first.id)?.id).toBe(first.id);
    await first.result();
    const second = await queue.add(echo, 2);
    await second.result();
    expect(queue.getJob(second.id)?.state).toBe('completed');
    expect(queue.getJob(first.id)).toBeUndefined();
    expect(queue.getJob('nobody')).toBeUndefined();
    expect(queue.stats()).toMatchObject({ counts: { completed: 1 }, totals: { completed: 2 } });
  });

  test('keepCompleted 0 keeps none', async () => {
    const queue = makeQueue({ keepCompleted: 0 });
    const job = await queue.add(echo, 1);
    expect(await job.result()).toBe(1);
    expect(queue.getJob(job.id)).toBeUndefined();
    expect(queue.list('completed')).toEqual([]);
  });

  test('list shows every state, pages, and ended ones newest first', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    for (const input of [1, 2, 3]) await queue.run(echo, input);
    await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }));
    await caught(queue.run(flaky, { failures: 2 }, { maxAttempts: 1 }));
    const active = await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    await queue.add(echo, 'w1');
    await queue.add(echo, 'w2');
    await queue.add(echo, 'd', { delay: 60_000 });
    (await queue.add(echo, 'c')).cancel();
    const inputs = (...args: Parameters<JobQueue['list']>) => queue.list(...args).map(({ input }) => input);
    expect(inputs('completed')).toEqual([3, 2, 1]);
    expect(inputs('completed', { offset: 1, limit: 1 })).toEqual([2]);
    expect(inputs('failed')).toEqual([{ failures: 2 }, { failures: 1 }]);
    expect(queue.list('active').map(({ id }) => id)).toEqual([active.id]);
    expect(inputs('waiting')).toEqual(['w1', 'w2']);
    expect(inputs('waiting', { limit: 1 })).toEqual(['w1']);
    expect(inputs('delayed')).toEqual(['d']);
    expect(inputs('cancelled')).toEqual(['c']);
    expect(queue.stats().counts).toEqual({ delayed: 1, waiting: 2, active: 1, completed: 3, failed: 2, cancelled: 1 });
    expect(thrownBy(() => queue.list('done' as never))).toBeInstanceOf(OptionsError);
    gate.open();
  });
});

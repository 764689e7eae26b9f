import { IdempotencyError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, other } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, expectBalanced, isCollected, makeQueue, next } from '../helpers.js';

describe('an idempotency key', () => {
  test('stands for one job while it lives', async () => {
    const queue = makeQueue();
    queue.pause();
    const told = next(queue, 'deduplicated');
    const first = await queue.add(sum, { a: 1 }, { idempotencyKey: 'k' });
    const second = await queue.add(sum, { a: 1, b: 1 }, { idempotencyKey: 'k' });
    expect(second.id).toBe(first.id);
    expect([first.deduplicated, second.deduplicated]).toEqual([false, true]);
    expect((await told)[0].id).toBe(first.id);
    queue.resume();
    expect(await Promise.all([first.result(), second.result(), queue.run(sum, { a: 1 }, { idempotencyKey: 'k' })])).toEqual(
      Array.from({ length: 3 }, () => ({ total: 2 })),
    );
    expect(queue.stats().totals).toMatchObject({ added: 1, completed: 1, deduplicated: 2 });
    expectBalanced(queue);
  });

  test('stands for it after it completed, also when it is not kept', async () => {
    const queue = makeQueue({ keepCompleted: 0 });
    const first = await queue.add(echo, { n: 1 }, { idempotencyKey: 'k' });
    await first.result();
    const again = await queue.add(echo, { n: 1 }, { idempotencyKey: 'k' });
    expect(again).toMatchObject({ id: first.id, deduplicated: true, state: 'completed' });
    expect(await again.result()).toEqual({ n: 1 });
    expect(await queue.run(echo, { n: 1 }, { idempotencyKey: 'k' })).toEqual({ n: 1 });
  });

  test('with another input is an IdempotencyError', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 1, { idempotencyKey: 'k' });
    const error = await caught(queue.add(echo, 2, { idempotencyKey: 'k' }));
    expect(error).toBeInstanceOf(IdempotencyError);
    expect(error).toMatchObject({ code: 'ERR_IDEMPOTENCY', jobId: job.id, jobName: 'echo' });
    await job.result();
    expect(await caught(queue.run(echo, 2, { idempotencyKey: 'k' }))).toBeInstanceOf(IdempotencyError);
  });

  test('of another definition is another key', async () => {
    const queue = makeQueue();
    expect(await queue.run(echo, 1, { idempotencyKey: 'k' })).toBe(1);
    expect(await queue.run(other, 2, { idempotencyKey: 'k' })).toBe(2);
  });

  test('keeps no job in memory beyond its ttl, once another has ended', async () => {
    const queue = makeQueue({ keepCompleted: 0, idempotency: { ttl: 0 } });
    const first = new WeakRef(await queue.add(echo, 1, { idempotencyKey: 'first' }));
    await queue.idle();
    await queue.run(echo, 2, { idempotencyKey: 'second' });
    expect(await isCollected(first)).toBe(true);
  });

  test('is free after a failure', async () => {
    const queue = makeQueue();
    await caught(queue.run(flaky, { failures: 1 }, { idempotencyKey: 'k', maxAttempts: 1 }));
    expect(await queue.run(flaky, { failures: 0 }, { idempotencyKey: 'k' })).toBe(1);
    expect(queue.stats().totals.deduplicated).toBe(0);
  });

  test('is free after a cancel', async () => {
    const queue = makeQueue();
    queue.pause();
    (await queue.add(echo, 1, { idempotencyKey: 'k' })).cancel();
    const job = await queue.add(echo, 2, { idempotencyKey: 'k' });
    expect(job.deduplicated).toBe(false);
  });

  test('holds through retries', async () => {
    const queue = makeQueue();
    const job = await queue.add(flaky, { failures: 1 }, { idempotencyKey: 'k' });
    await next(queue, 'retrying');
    expect((await queue.add(flaky, { failures: 1 }, { idempotencyKey: 'k' })).id).toBe(job.id);
    expect(await job.result()).toBe(2);
  });

  test('is forgotten at once with a ttl of 0', async () => {
    const queue = makeQueue({ idempotency: { ttl: 0 } });
    await queue.run(echo, 1, { idempotencyKey: 'k' });
    expect(await queue.run(echo, 2, { idempotencyKey: 'k' })).toBe(2);
  });

  test('is forgotten when more than max have finished, the oldest first', async () => {
    const queue = makeQueue({ idempotency: { max: 2 } });
    for (const key of ['a', 'b', 'c']) await queue.run(echo, key, { idempotencyKey: key });
    const again = async (key: string) => (await queue.add(echo, key, { idempotencyKey: key })).deduplicated;
    expect(await again('c')).toBe(true);
    expect(await again('b')).toBe(true);
    expect(await again('a')).toBe(false);
  });

  test('answers also when the queue is full', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    queue.pause();
    const job = await queue.add(echo, 1, { idempotencyKey: 'k' });
    expect((await queue.add(echo, 1, { idempotencyKey: 'k' })).id).toBe(job.id);
  });

  test('that two wait for room with is one job', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    queue.pause();
    await queue.add(echo, 0);
    const adds = [1, 1].map((input) => queue.add(echo, input, { idempotencyKey: 'k' }));
    queue.resume();
    const [first, second] = await Promise.all(adds);
    expect(second.id).toBe(first.id);
  });
});

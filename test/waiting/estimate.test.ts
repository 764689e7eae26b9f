import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { takes } from '../fixtures/takes.job.js';
import { caught, makeQueue, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

afterEach(() => {
  delete (globalThis as any).testClock;
});

function inline(threads: number) {
  const queue = makeTestQueue({ mode: 'inline', threads });
  (globalThis as any).testClock = queue.clock;
  return queue;
}

test('nothing is waited for on an idle queue', () => {
  const queue = makeQueue();
  expect(queue.estimateWait()).toBe(0);
  expect(queue.estimateWait(echo)).toBe(0);
});

test.each([1, 2, 4])('within a factor of 1.5 of the real wait at steady load, %i threads', async (threads) => {
  const queue = inline(threads);
  const done = queue.addBulk(
    takes,
    Array.from({ length: 20 }, () => ({ ms: 100 })),
  );
  await queue.clock.advance(100 * 20);
  await done;
  let checked = 0;
  for (let round = 0; round < 10; round++) {
    await queue.addBulk(
      takes,
      Array.from({ length: threads * 3 }, () => ({ ms: 100 })),
    );
    await queue.clock.advance(37 + round);
    const estimated = queue.estimateWait(takes);
    const job = await queue.add(takes, { ms: 100 });
    const added = queue.clock.now();
    while (job.state === 'waiting') await queue.clock.advance(1);
    const waited = queue.clock.now() - added;
    expect(estimated).toBeLessThanOrEqual(waited * 1.5);
    expect(estimated).toBeGreaterThanOrEqual(waited / 1.5);
    checked++;
    await turn();
  }
  expect(checked).toBe(10);
});

test('of a definition: its limits, and only what is not behind it', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  const serial = variant(takes, { name: 'takes', concurrency: 1 });
  const urgent = variant(echo, { name: 'urgent', priority: 9 });
  (globalThis as any).testClock = queue.clock;
  const first = await queue.add(serial, { ms: 100 });
  const draining = queue.drain();
  await turn();
  await queue.clock.advance(100);
  await draining;
  expect(first.state).toBe('completed');
  await queue.addBulk(
    serial,
    Array.from({ length: 10 }, () => ({ ms: 100 })),
  );
  expect(queue.estimateWait(serial)).toBe(1_000);
  expect(queue.estimateWait()).toBe(1_000);
  expect(queue.estimateWait(urgent)).toBe(0);
});

test('a QueueFullError says when to come again', async () => {
  const queue = makeQueue({ maxWaiting: 2, whenFull: 'reject' });
  await queue.run(echo, 1);
  queue.pause();
  await queue.addBulk(echo, [1, 2]);
  const error = await caught(queue.add(echo, 3));
  expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', jobName: 'echo', retryAfter: queue.estimateWait(echo) });
  expect(error.retryAfter).toBeGreaterThan(0);
});

import { expect, it } from 'vitest';
import { picky } from '../fixtures/page.job.js';
import { makeQueue, next } from '../helpers.js';

it('a promoted job does not wait for its time', async () => {
  const queue = makeQueue();
  const job = await queue.add(picky, { good: true }, { delay: 3_600_000 });
  expect(job.promote()).toBe(true);
  expect(job.state).toBe('waiting');
  expect(await job.result()).toBe('good');
});

it('a promoted retry does not wait for its backoff', async () => {
  const queue = makeQueue();
  const job = await queue.add(picky, { good: false }, { maxAttempts: 2, backoff: { type: 'fixed', delay: 3_600_000 } });
  await next(queue, 'retrying');
  const failed = next(queue, 'failed');
  expect(job.promote()).toBe(true);
  await failed;
  expect(job.attempt).toBe(2);
});

it('only a delayed job can be promoted', async () => {
  const queue = makeQueue();
  queue.pause();
  const job = await queue.add(picky, { good: true });
  expect(job.promote()).toBe(false);
  queue.resume();
  await job.result();
  expect(job.promote()).toBe(false);
  expect(queue.stats().counts.delayed).toBe(0);
});

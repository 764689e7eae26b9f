import { expect, test } from 'vitest';
import { where } from '../fixtures/answers.job.js';
import { makeQueue, until } from '../helpers.js';
import { hoards } from './fixtures/hoards.job.js';

const numbers = (length: number) => Array.from({ length }, (_, index) => index);

test.each([0, 1])('jobs: 1 gives each job a thread that nothing has run on before (spareThreads %i)', async (spareThreads) => {
  const queue = makeQueue({ threads: 2, spareThreads, recycle: { jobs: 1 } });
  const jobs = await queue.addBulk(where, numbers(8));
  const threads = await Promise.all(jobs.map((job) => job.result()));
  expect(new Set(threads).size).toBe(8);
  expect(queue.stats()).toMatchObject({ totals: { completed: 8, interrupted: 0, crashed: 0 }, threads: { killed: 0 } });
});

test('jobs: no thread runs more than so many, batches or not', async () => {
  const queue = makeQueue({ threads: 1, spareThreads: 1, recycle: { jobs: 5 } });
  const jobs = await queue.addBulk(where, numbers(40));
  const counts = new Map<number, number>();
  for (const job of jobs) {
    const thread = await job.result();
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  expect(Math.max(...counts.values())).toBeLessThanOrEqual(5);
});

test('heapMb: a thread whose heap has grown is replaced after its job, without an event of a death', async () => {
  const queue = makeQueue({ threads: 1, spareThreads: 1, recycle: { heapMb: 60 } });
  const told: unknown[] = [];
  queue.on('thread-killed', (event) => told.push(event));
  queue.on('late-error', (event) => told.push(event));
  await queue.ready();
  const first = await queue.run(hoards, 1);
  expect(await queue.run(hoards, 1)).toBe(first);
  expect(await queue.run(hoards, 100)).toBe(first);
  expect(await queue.run(hoards, 1)).not.toBe(first);
  await until(() => queue.stats().threads.starting === 0);
  expect(queue.stats().threads).toMatchObject({ size: 2, killed: 0 });
  expect(told).toEqual([]);
});

test('afterMs: a thread of that age is replaced, also one without work', async () => {
  const queue = makeQueue({ threads: 1, spareThreads: 1, recycle: { afterMs: 100 } });
  const first = await queue.run(where, 1);
  let last = first;
  while (last === first) last = await queue.run(where, 1);
  expect(queue.stats().totals).toMatchObject({ failed: 0, interrupted: 0 });
});

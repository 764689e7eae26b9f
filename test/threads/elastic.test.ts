import fc from 'fast-check';
import type { JobQueue } from 'threadmill';
import { expect, test } from 'vitest';
import { echo, hold, where } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { expectBalanced, makeGate, makeQueue, next, thrownBy, until } from '../helpers.js';

const size = (queue: JobQueue) => queue.stats().threads.size;

test('without minThreads a queue holds no thread when idle, starts one for its first job, and ends it again', async () => {
  const queue = makeQueue({ threads: 16, minThreads: 0, spareThreads: 0, idleTimeout: 50 });
  await queue.ready();
  expect(size(queue)).toBe(0);
  const active = next(queue, 'active');
  const job = queue.run(where, 1);
  await active;
  expect(size(queue)).toBe(1);
  const first = await job;
  await until(() => size(queue) === 0);
  expect(await queue.run(where, 1)).not.toBe(first);
  expect(queue.stats().threads.killed).toBe(0);
});

test('grows to as many threads as there are jobs, up to threads, and shrinks to minThreads; work is not touched', async () => {
  const queue = makeQueue({ threads: 4, minThreads: 1, spareThreads: 0, idleTimeout: 30 });
  await queue.ready();
  expect(size(queue)).toBe(1);
  const gate = makeGate();
  const last = makeGate();
  const held = await queue.addBulk(
    hold,
    [gate, gate, last, gate, gate, gate].map((at) => ({ gate: at.memory })),
  );
  await until(() => queue.stats().counts.active === 4);
  expect(size(queue)).toBe(4);
  gate.open();
  await until(() => queue.stats().counts.active === 1 && size(queue) === 1);
  expect(queue.stats().threads.busy).toBe(1);
  last.open();
  await Promise.all(held.map((job) => job.result()));
  expect(queue.stats().totals).toMatchObject({ completed: 6, interrupted: 0, crashed: 0 });
});

test('there are spare threads only while all that are kept have work', async () => {
  const queue = makeQueue({ threads: 3, minThreads: 1, spareThreads: 1, idleTimeout: 30 });
  await queue.ready();
  expect(size(queue)).toBe(1);
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory });
  await until(() => size(queue) === 2 && queue.stats().threads.starting === 0);
  gate.open();
  await job.result();
  await until(() => size(queue) === 1);
});

test('without minThreads nothing changes: all threads and the spare ones are there', async () => {
  const queue = makeQueue({ threads: 2, spareThreads: 1, idleTimeout: 1 });
  await queue.ready();
  expect(size(queue)).toBe(3);
  await queue.run(echo, 1);
  // Meanwhile one that has it lets its threads go.
  const elastic = makeQueue({ threads: 1, minThreads: 0, idleTimeout: 1 });
  await elastic.run(echo, 1);
  await until(() => size(elastic) === 0);
  expect(size(queue)).toBe(3);
});

test('more minThreads than threads are refused', () => {
  expect(thrownBy(() => makeQueue({ threads: 2, minThreads: 3 })).message).toMatch(/"minThreads": expected at most threads \(2\), given 3/);
});

test('bursts, kills and closes at any time: each job ends once, and no more threads than allowed', { timeout: 120_000 }, async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('burst' as const), count: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant('kill' as const), count: fc.integer({ min: 1, max: 2 }) }),
    fc.record({ do: fc.constant('rest' as const), count: fc.integer({ min: 0, max: 12 }) }),
  );
  const shape = fc.record({
    minThreads: fc.integer({ min: 0, max: 2 }),
    spareThreads: fc.integer({ min: 0, max: 1 }),
    idleTimeout: fc.integer({ min: 0, max: 10 }),
    recycle: fc.option(fc.record({ jobs: fc.integer({ min: 1, max: 5 }) }), { nil: undefined }),
    closes: fc.boolean(),
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  });
  const property = fc.asyncProperty(shape, async ({ steps, closes, recycle, ...options }) => {
    const queue = makeQueue({ threads: 3, ...options, ...(recycle && { recycle }) });
    const most = 3 + options.spareThreads;
    const jobs = [];
    for (const { do: what, count } of steps) {
      if (what === 'burst')
        jobs.push(
          ...(await queue.addBulk(
            echo,
            Array.from({ length: count }, (_, index) => index),
          )),
        );
      else if (what === 'kill') {
        const loops = Array.from({ length: count }, () => ({ does: 'loop' }));
        jobs.push(...(await queue.addBulk(misbehave, loops, { maxAttempts: 1, timeout: 5 })));
      } else await new Promise((resolve) => setTimeout(resolve, count));
      expect(size(queue)).toBeLessThanOrEqual(most);
    }
    const ends = Promise.allSettled(jobs.map((job) => job.result()));
    const { unfinished } = await queue.close({ drain: closes ? 'none' : 'all' });
    await ends;
    const { totals } = queue.stats();
    expect(totals.completed + totals.failed + unfinished.length).toBe(jobs.length);
    if (!closes) {
      expect(unfinished).toEqual([]);
      expectBalanced(queue);
    }
    expect(totals.crashed).toBe(0);
  });
  await fc.assert(property, { numRuns: Number(process.env.FAULT_RUNS ?? 8) });
});

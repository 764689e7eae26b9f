import { defineJob, type JobQueue } from 'threadmill';
import { expect, test } from 'vitest';
import { makeQueue, moduleOf } from '../helpers.js';

const anything = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const;
const fifty = Array.from({ length: 50 }, (_, n) =>
  defineJob({ name: `job-${n}`, module: moduleOf(''), input: anything, run: (input: unknown) => input }),
);

/** A paused queue in which so many jobs of 50 definitions wait. */
async function waitingIn(jobs: number): Promise<JobQueue> {
  const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
  queue.pause();
  for (const definition of fifty) await queue.addBulk(definition, Array(jobs / 50).fill(1));
  return queue;
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

test('stats() costs the same with a million jobs waiting as with a thousand', async () => {
  const [few, many] = [await waitingIn(1_000), await waitingIn(1_000_000)];
  const times = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < 201; round++) {
    for (const [name, queue] of [['few', few] as const, ['many', many] as const]) {
      const start = performance.now();
      queue.stats();
      times[name].push(performance.now() - start);
    }
  }
  expect(many.stats().counts.waiting).toBe(1_000_000);
  expect(medianOf(times.many) / medianOf(times.few)).toBeLessThan(3);
  await Promise.all([few, many].map((queue) => queue.close({ drain: 'none' })));
}, 120_000);

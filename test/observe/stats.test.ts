import { expect, test } from 'vitest';
import { echo, other } from '../fixtures/answers.job.js';
import { takes } from '../fixtures/misbehaves.job.js';
import { makeQueue } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

/** Histograms round to one part in 100, and times of a job to a millisecond. */
const near = (expected: number) => ({ from: expected * 0.98 - 1.1, to: expected * 1.02 + 1.1 });
function expectNear(actual: number, expected: number, what: string) {
  const { from, to } = near(expected);
  expect(actual, what).toBeGreaterThanOrEqual(from);
  expect(actual, what).toBeLessThanOrEqual(to);
}

test('run times are those of the attempts, in milliseconds, and percentiles are theirs', async () => {
  const queue = makeQueue({ maxBatch: 1 });
  const jobs = await queue.addBulk(
    takes,
    Array.from({ length: 20 }, (_, n) => ({ ms: n < 18 ? 1 : 60 })),
  );
  await Promise.all(jobs.map((job) => job.result()));
  const durations = jobs.map(({ attempts }) => attempts[0]?.duration as number).sort((a, b) => a - b);
  for (const { runTime } of [queue.stats(), queue.stats().byName.takes]) {
    expectNear(runTime.max, durations[19], 'max');
    expectNear(runTime.p95, durations[18], 'p95');
    expectNear(runTime.p50, durations[9], 'p50');
    expectNear(runTime.mean, durations.reduce((sum, one) => sum + one) / 20, 'mean');
    expect(runTime.p99).toBeGreaterThanOrEqual(runTime.p95);
  }
});

test('wait times are from ready to started, not run times', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  await queue.add(other, 1);
  await queue.drain();
  const job = await queue.add(echo, 1);
  await queue.clock.advance(120);
  await queue.drain();
  const { waitTime, byName } = queue.stats();
  expect((job.startedAt as number) - job.addedAt).toBe(120);
  expectNear(byName.echo.waitTime.max, 120, 'of the definition');
  expectNear(byName.other.waitTime.max, 0, 'of another');
  expectNear(waitTime.max, 120, 'of the queue');
  expectNear(byName.echo.runTime.max, 0, 'its run time');
});

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { takes } from '../fixtures/misbehaves.job.js';
import { makeQueue } from '../helpers.js';

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
  const queue = makeQueue();
  await queue.run(takes, { ms: 0 });
  queue.pause();
  const job = await queue.add(echo, 1);
  const begin = performance.now();
  while (performance.now() - begin < 120) await turn();
  queue.resume();
  await job.result();
  const { waitTime, byName } = queue.stats();
  const waited = (job.startedAt as number) - job.addedAt;
  expect(waited).toBeGreaterThanOrEqual(118);
  expectNear(byName.echo.waitTime.max, waited, 'of the definition');
  expectNear(waitTime.max, Math.max(waited, byName.takes.waitTime.max), 'of the queue');
  expectNear(byName.echo.runTime.max, job.attempts[0]?.duration as number, 'its run time');
});

import { type JobSnapshot, OptionsError } from 'threadmill';
import { expect, test } from 'vitest';
import { echo, flaky } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { shared } from '../fixtures/tenants.job.js';
import { caught, makeQueue, next, thrownBy } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

test('a job that is handed back, restored and handed back again is the same job', async () => {
  const first = makeQueue();
  first.pause();
  await first.add(
    flaky,
    { failures: 1 },
    {
      priority: 4,
      delay: 3_600_000,
      timeout: 1_234,
      maxAttempts: 7,
      backoff: { type: 'exponential', delay: 5, factor: 3, maxDelay: 50, jitter: 0.1 },
      idempotencyKey: 'k',
      metadata: { tenant: 't' },
    },
  );
  const { unfinished } = await first.close({ drain: 'none' });
  expect(unfinished).toEqual([
    {
      id: expect.any(String),
      name: 'flaky',
      input: { failures: 1 },
      attemptsMade: 0,
      priority: 4,
      runAt: expect.any(Number),
      timeout: 1_234,
      maxAttempts: 7,
      backoff: { type: 'exponential', delay: 5, factor: 3, maxDelay: 50, jitter: 0.1 },
      idempotencyKey: 'k',
      metadata: { tenant: 't' },
    },
  ]);
  const second = makeQueue({ jobs: [flaky] });
  second.pause();
  second.restore(unfinished);
  const again = (await second.close({ drain: 'none' })).unfinished;
  // A time goes through the clock of the process.
  expect(again).toEqual(unfinished.map((one) => ({ ...one, runAt: expect.closeTo(one.runAt as number, -2) })));
});

test('whatever a job was added with comes back with it, and is handed back again', async () => {
  const first = makeTestQueue({ mode: 'manual', jobs: [shared, echo] });
  first.pause();
  await first.add(shared, { tenant: 'a', n: 1 }, { deadLetter: false, maxWait: 60_000, ttl: 5_000, idempotencyKey: 'k', priority: 2 });
  await first.add(echo, 1, { group: 'g', maxWait: 1_000_000 });
  await first.add(echo, 2, { deadLetter: true, timeout: 9 });
  const { unfinished } = await first.close();
  expect(unfinished).toMatchObject([
    { group: 'a', deadLetter: false, maxWait: 60_000, ttl: 5_000, idempotencyKey: 'k', priority: 2 },
    { group: 'g', maxWait: 1_000_000 },
    { deadLetter: true, timeout: 9 },
  ]);
  const second = makeTestQueue({ mode: 'manual', jobs: [shared, echo] });
  second.pause();
  second.restore(unfinished);
  expect((await second.close()).unfinished).toEqual(unfinished);
});

test('a restored job has the time limit and the backoff it was added with', async () => {
  const first = makeQueue();
  first.pause();
  await first.add(misbehave, { does: 'loop' }, { timeout: 70, maxAttempts: 2, backoff: { type: 'fixed', delay: 3_600_000 } });
  const { unfinished } = await first.close({ drain: 'none' });
  const second = makeQueue({ jobs: [misbehave] });
  const retrying = next(second, 'retrying');
  second.restore(unfinished);
  const [, error, delay] = await retrying;
  expect([error, delay]).toMatchObject([{ code: 'ERR_TIMEOUT', timeout: 70 }, 3_600_000]);
});

test('one id twice is refused, also in two snapshots that are not one object', () => {
  const queue = makeQueue({ jobs: [echo] });
  queue.pause();
  const snapshot: JobSnapshot = { id: 'a', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
  expect(thrownBy(() => queue.restore([snapshot, { ...snapshot }]))).toBeInstanceOf(OptionsError);
  expect(queue.stats().totals.added).toBe(0);
});

test('an error says its attempt only where there was one', async () => {
  const queue = makeQueue();
  queue.pause();
  const job = await queue.add(echo, 1);
  job.cancel();
  expect((await caught(job.result())).attempt).toBeUndefined();
  queue.resume();
  expect((await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }))).message).toBe('failure 1');
});

import { expect, test } from 'vitest';
import { settledBefore } from '../../dist/closing/until.js';
import { echo, hold, other } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { HandClock } from '../hand-clock.js';
import { makeGate, makeQueue, next } from '../helpers.js';

// No test would wait for this: close resolves because nothing is left that could end before.
const HOUR = 3_600_000;
const patient = { timeout: HOUR };

test('what is over leaves no timer behind that would wait for its deadline', async () => {
  const clock = new HandClock();
  await settledBefore(clock, clock.now() + HOUR, Promise.resolve());
  expect(clock.timers.size).toBe(0);
});

test('close does not wait for jobs of a paused definition', async () => {
  const queue = makeQueue();
  queue.pause(other);
  const paused = await queue.add(other, 'paused');
  const runs = await queue.add(echo, 'runs');
  expect((await queue.close(patient)).unfinished.map(({ id }) => id)).toEqual([paused.id]);
  expect(runs.state).toBe('completed');
});

test('close does not wait for a job that is due after its deadline', async () => {
  const queue = makeQueue();
  const late = await queue.add(echo, 'late', { delay: 2 * HOUR });
  expect((await queue.close(patient)).unfinished.map(({ id }) => id)).toEqual([late.id]);
});

test('close of what is active is over when the last attempt is, though its job will be retried', async () => {
  const queue = makeQueue();
  const backoff = { type: 'fixed', delay: HOUR } as const;
  const job = await queue.add(misbehave, { does: 'loop' }, { timeout: 100, backoff });
  await next(queue, 'active');
  const { unfinished } = await queue.close({ ...patient, drain: 'active' });
  expect(unfinished).toMatchObject([{ id: job.id, attemptsMade: 1 }]);
});

test('close of what is active is over when the last job is cancelled', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory });
  await next(queue, 'progress');
  const closed = queue.close({ ...patient, drain: 'active' });
  job.cancel();
  expect(await closed).toEqual({ unfinished: [] });
});

test('close is over when the last job that waits is cancelled', async () => {
  const queue = makeQueue();
  const job = await queue.add(echo, 1, { delay: HOUR / 2 });
  const closed = queue.close(patient);
  job.cancel();
  expect(await closed).toEqual({ unfinished: [] });
});

import { CancelledError, ExpiredError } from 'threadmill';
import { expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { caught, expectBalanced, history, makeGate, makeQueue, thrownBy, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const manual = () => makeTestQueue({ mode: 'manual' });

test('a job that is not started within maxWait is dropped', async () => {
  const queue = manual();
  const told = history(queue);
  const job = await queue.add(echo, 1, { maxWait: 1_000 });
  const patient = await queue.add(variant(echo, { name: 'patient', maxWait: 5_000 }), 2);
  const late = await queue.add(echo, 3, { delay: 2_000, maxWait: 1_500 });
  const result = caught(job.result());
  await queue.clock.advance(999);
  expect(job.state).toBe('waiting');
  await queue.clock.advance(1);
  const error = await result;
  expect(error).toBeInstanceOf(ExpiredError);
  expect(error).toBeInstanceOf(CancelledError);
  expect(error).toMatchObject({ code: 'ERR_EXPIRED', name: 'ExpiredError', jobId: job.id, jobName: 'echo' });
  await queue.clock.advance(600);
  expect([job.state, late.state, patient.state]).toEqual(['cancelled', 'cancelled', 'waiting']);
  expect(queue.stats().totals).toMatchObject({ cancelled: 2, expired: 2 });
  const { totals, byName } = queue.stats();
  expect([totals.expired, byName.echo.totals.expired]).toEqual([2, 2]);
  await queue.drain();
  expect(patient.state).toBe('completed');
  expect(told.filter(({ event, args }) => args[0] === job && event !== 'added').map(({ event }) => event)).toEqual([
    'cancelled',
    'expired',
  ]);
  expectBalanced(queue);
});

test('what a job waits for its further attempts does not count', async () => {
  const queue = manual();
  const backoff = { type: 'fixed' as const, delay: 10_000 };
  const job = await queue.add(flaky, { failures: 1 }, { maxWait: 1_000, backoff });
  await queue.drain({ withRetries: true });
  expect(job.state).toBe('completed');
  const [letter] = [await queue.add(flaky, { failures: 9 }, { maxWait: 1_000, maxAttempts: 1 })];
  await queue.drain();
  await queue.clock.advance(5_000);
  const replayed = await queue.deadLetters.replay(letter.id, { input: { failures: 0 } });
  await queue.clock.advance(5_000);
  await queue.drain();
  expect(replayed.state).toBe('completed');
});

test('a job that a thread gave back unstarted goes on waiting from its add', async () => {
  const queue = makeQueue();
  for (let warm = 0; warm < 5; warm++) await queue.run(hold, { gate: opened() });
  const gate = makeGate();
  const first = await queue.add(hold, { gate: gate.memory });
  const second = await queue.add(hold, { gate: gate.memory }, { maxWait: 100 });
  expect(await caught(second.result())).toBeInstanceOf(ExpiredError);
  expect(first.state).toBe('active');
  gate.open();
  await first.result();
});

test('wrong ones are refused', async () => {
  expect(await caught(makeQueue().add(echo, 1, { maxWait: 0 }))).toHaveProperty('code', 'ERR_OPTIONS');
  expect(thrownBy(() => variant(echo, { maxWait: Number.POSITIVE_INFINITY }))).toHaveProperty('code', 'ERR_OPTIONS');
});

function opened(): SharedArrayBuffer {
  const gate = makeGate();
  gate.open();
  return gate.memory;
}

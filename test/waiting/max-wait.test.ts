import { CancelledError, ExpiredError, type Job, type JobSnapshot } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { snoozes } from '../fixtures/put-off.job.js';
import { share } from '../fixtures/tenants.job.js';
import { caught, expectBalanced, history, makeGate, makeQueue, thrownBy, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const manual = () => makeTestQueue({ mode: 'manual' });
const tenant = (n: number) => ({ tenant: 'a', n });

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

describe('counts from add', () => {
  test('while the job waits for room: it is accepted and expires when its time is over', async () => {
    const queue = makeTestQueue({ mode: 'manual', maxWaiting: 1 });
    queue.pause();
    await queue.add(echo, 'fills');
    const told = history(queue);
    const job = queue.add(echo, 'late', { maxWait: 1_000 });
    const output = caught(queue.run(variant(echo, { name: 'patient', maxWait: 2_000 }), 'late too'));
    const behind = queue.add(echo, 'behind');
    await queue.clock.advance(999);
    expect(told).toEqual([]);
    await queue.clock.advance(1);
    expect(await caught((await job).result())).toBeInstanceOf(ExpiredError);
    expect((await job).state).toBe('cancelled');
    expect(told.map(({ event }) => event)).toEqual(['added', 'cancelled', 'expired']);
    await queue.clock.advance(1_000);
    expect(await output).toMatchObject({ code: 'ERR_EXPIRED', message: expect.stringMatching(/within 2000 ms/) });
    expect(queue.stats().totals).toMatchObject({ added: 3, cancelled: 2, expired: 2 });
    queue.resume();
    await queue.drain();
    expect((await behind).state).toBe('completed');
    expectBalanced(queue);
  });

  test('and goes on when it was let in, of many and of groups with a share too', async () => {
    const queue = makeTestQueue({ mode: 'manual', maxWaiting: 2 });
    queue.pause();
    const fills = await queue.addBulk(share, [tenant(0), tenant(1)]);
    const bulk = queue.addBulk(echo, [1, 2], { maxWait: 1_000 });
    const own = queue.add(share, tenant(2), { maxWait: 1_500 });
    await queue.clock.advance(600);
    for (const job of fills) job.cancel();
    const jobs = await bulk;
    expect(jobs.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    await queue.clock.advance(399);
    expect(jobs.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    await queue.clock.advance(1);
    expect(jobs.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    const job = await own;
    expect(job.state).toBe('waiting');
    await queue.clock.advance(499);
    expect(job.state).toBe('waiting');
    await queue.clock.advance(1);
    expect(job.state).toBe('cancelled');
    expect(queue.stats().totals.expired).toBe(3);
    expectBalanced(queue);
  });

  test('of many that wait for the shares of their groups: none comes in twice, and none too late', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    queue.pause();
    await queue.addBulk(share, [tenant(0), tenant(1)]);
    const bulk = queue.addBulk(share, [tenant(2), { tenant: 'b', n: 0 }], { maxWait: 1_000 });
    await queue.clock.advance(1_000);
    expect((await bulk).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
    // Its room is free again.
    await queue.addBulk(
      share,
      [0, 1].map((n) => ({ tenant: 'b', n })),
    );
    expect(queue.stats().totals).toMatchObject({ added: 6, expired: 2 });
  });

  test('over close and restore, by the time of day', async () => {
    const first = makeTestQueue({ mode: 'manual' });
    const slow = variant(echo, { maxWait: 10_000 });
    await first.add(slow, 'a', { maxWait: 1_000 });
    await first.add(slow, 'b');
    await first.add(slow, 'c', { delay: 20_000, maxWait: 30_000 });
    await first.clock.advance(900);
    const { unfinished } = await first.close();
    expect(unfinished.map(({ maxWait }) => maxWait)).toEqual([1_000, undefined, 30_000]);
    const second = makeTestQueue({ mode: 'manual', jobs: [slow], startTime: first.clock.now() + 50 });
    const [a, b, c] = second.restore(structuredClone(unfinished)) as [Job, Job, Job];
    await second.clock.advance(49);
    expect(a.state).toBe('waiting');
    await second.clock.advance(1);
    expect([a.state, b.state]).toEqual(['cancelled', 'waiting']);
    await second.clock.advance(9_000);
    expect([b.state, c.state]).toEqual(['cancelled', 'delayed']);
    expect(c.error).toBeUndefined();
    const third = makeTestQueue({ mode: 'manual', jobs: [slow], startTime: first.clock.now() + 1_000 });
    const told = history(third);
    const [late] = third.restore([unfinished[0] as JobSnapshot]) as [Job];
    expect(late.state).toBe('cancelled');
    expect(told.map(({ event }) => event).filter((event) => event !== 'drained')).toEqual(['added', 'cancelled', 'expired']);
  });
});

test('what was started once has no maxWait any more, over restore too', async () => {
  const queue = manual();
  const slow = variant(snoozes, { maxWait: 1_000 });
  const counter = new SharedArrayBuffer(4);
  await queue.add(slow, { counter, times: 1, ms: 5_000 });
  await queue.runNext();
  const letter = await queue.add(variant(flaky, { maxWait: 1_000 }), { failures: 9 }, { maxAttempts: 1 });
  await queue.drain();
  await queue.deadLetters.replay(letter.id, { input: { failures: 0 } });
  const { unfinished } = await queue.close();
  expect(unfinished.map(({ maxWait }) => maxWait).sort()).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  const again = makeTestQueue({ mode: 'manual', jobs: [slow, variant(flaky, { maxWait: 1_000 })] });
  const jobs = again.restore(structuredClone(unfinished));
  await again.clock.advance(4_000);
  expect(jobs.map(({ state }) => state).sort()).toEqual(['delayed', 'waiting']);
  await again.drain({ withDelayed: true });
  expect(jobs.map(({ state }) => state)).toEqual(['completed', 'completed']);
});

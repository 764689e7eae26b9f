import { describe, expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { alone, slowWindow } from '../fixtures/limited.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { makeGate, makeQueue, next, until, variant } from '../helpers.js';

describe('a waiting job', () => {
  test('waits for its turn: threads are busy, and so many come before it', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    await queue.add(hold, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    const second = await queue.add(echo, 2);
    const third = await queue.add(echo, 3);
    const urgent = await queue.add(echo, 1, { priority: 5 });
    expect(queue.explain(urgent.id)).toEqual({ state: 'waiting', reason: 'threads-busy', position: 0 });
    expect(queue.explain(second.id)).toEqual({ state: 'waiting', reason: 'threads-busy', position: 1 });
    expect(queue.explain(third.id)).toEqual({ state: 'waiting', reason: 'threads-busy', position: 2 });
    gate.open();
  });

  test('of a definition with limits stands among the others by arrival', async () => {
    const queue = makeQueue();
    queue.pause();
    const jobs = [await queue.add(echo, 1), await queue.add(alone, 2), await queue.add(echo, 3), await queue.add(alone, 4)];
    expect(jobs.map(({ id }) => queue.explain(id))).toMatchObject([0, 1, 2, 3].map((position) => ({ reason: 'paused', position })));
  });

  test('waits for threads that start', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 1);
    expect(queue.explain(job.id)).toEqual({ state: 'waiting', reason: 'threads-starting', position: 0 });
  });

  test('is next when a thread is free', async () => {
    const queue = makeQueue();
    await queue.run(echo, 0);
    await until(() => queue.stats().threads.busy === 0);
    const adding = queue.add(echo, 1);
    const [job] = queue.list('waiting');
    expect(queue.explain(job?.id as string)).toMatchObject({ state: 'waiting', reason: 'next' });
    await (await adding).result();
  });

  test('is paused, or its definition is', async () => {
    const queue = makeQueue();
    queue.pause(echo);
    const job = await queue.add(echo, 1);
    expect(queue.explain(job.id)).toMatchObject({ reason: 'definition-paused' });
    queue.pause();
    expect(queue.explain(job.id)).toMatchObject({ reason: 'paused' });
  });

  test('waits for its definition: concurrency', async () => {
    const queue = makeQueue({ threads: 2 });
    const gate = makeGate();
    await queue.add(alone, { gate: gate.memory });
    const job = await queue.add(alone, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    expect(queue.explain(job.id)).toEqual({ state: 'waiting', reason: 'concurrency', position: 0 });
    gate.open();
    await job.result();
  });

  test('waits for its definition: rate limit', async () => {
    const queue = makeQueue({ threads: 2 });
    await queue.run(slowWindow, 1);
    const job = await queue.add(slowWindow, 2);
    await queue.run(echo, 'a turn');
    expect(queue.explain(job.id)).toEqual({ state: 'waiting', reason: 'rate-limit', position: 0 });
  });
});

describe('a delayed job', () => {
  test('says until when, and why', async () => {
    const queue = makeQueue();
    const before = Date.now();
    const delayed = await queue.add(echo, 1, { delay: 60_000 });
    const explanation = queue.explain(delayed.id);
    expect(explanation).toMatchObject({ state: 'delayed', reason: 'delay' });
    const { runAt } = explanation as { runAt: number };
    expect(runAt).toBeGreaterThanOrEqual(before + 59_999);
    expect(runAt).toBeLessThanOrEqual(Date.now() + 60_001);
  });

  test('waits for its backoff', async () => {
    const queue = makeQueue();
    const failing = variant(misbehave, { backoff: { type: 'fixed', delay: 60_000 } });
    const retrying = next(queue, 'retrying');
    const job = await queue.add(failing, { does: 'throw' });
    await retrying;
    expect(queue.explain(job.id)).toMatchObject({ state: 'delayed', reason: 'backoff' });
  });

  test('waits for its old thread to exit', async () => {
    const queue = makeQueue();
    const retrying = next(queue, 'retrying');
    const job = await queue.add(
      hold,
      { gate: makeGate().memory },
      { timeout: 50, maxAttempts: 2, backoff: { type: 'fixed', delay: 60_000 } },
    );
    await retrying;
    expect(queue.explain(job.id)).toEqual({ state: 'delayed', reason: 'thread-not-gone' });
    await until(() => (queue.explain(job.id) as { reason: string }).reason === 'backoff');
  });
});

test('an active job says where and since when it runs', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const before = Date.now();
  const job = await queue.add(hold, { gate: gate.memory });
  await until(() => gate.arrivals === 1);
  const explanation = queue.explain(job.id) as { since: number; ranFor: number; threadId: number };
  expect(explanation).toMatchObject({ state: 'active', phase: 'running', threadId: expect.any(Number) });
  expect(explanation.since).toBeGreaterThanOrEqual(before - 1);
  expect(explanation.since + explanation.ranFor).toBeLessThanOrEqual(Date.now() + 1);
  gate.open();
  await job.result();
  expect(job.attempts[0]?.threadId).toBe(explanation.threadId);
});

test('a job that was just sent has not been started', async () => {
  const queue = makeQueue();
  const told = next(queue, 'active').then(([job]) => job);
  const seen: unknown[] = [];
  queue.on('active', ({ id }) => void seen.push(queue.explain(id)));
  await queue.run(echo, 1);
  await told;
  expect(seen).toMatchObject([{ state: 'active' }]);
});

test('a job that ended says so, and one that is not known is undefined', async () => {
  const queue = makeQueue();
  const job = await queue.add(echo, 1);
  await job.result();
  expect(queue.explain(job.id)).toEqual({ state: 'completed', finishedAt: job.finishedAt });
  expect(queue.explain('nobody')).toBeUndefined();
});

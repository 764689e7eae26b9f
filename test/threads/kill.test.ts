import { TimeoutError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold, once, where } from '../fixtures/answers.job.js';
import { lastAtGate } from '../fixtures/grace.job.js';
import { checkpointing, misbehave } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, warmUp } from '../helpers.js';

describe('a job past its limit', () => {
  test.each(['loop', 'never'])('(%s) is killed with a TimeoutError that says what happened', async (does) => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does }, { timeout: 60, maxAttempts: 1 });
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', timeout: 60, jobId: job.id, jobName: 'misbehave', attempt: 1 });
    expect(error.ranFor).toBeGreaterThanOrEqual(60);
    expect(error.message).toContain('60 ms');
    expect(job.attempts).toMatchObject([{ number: 1, outcome: 'timed-out' }]);
    expect(queue.stats()).toMatchObject({ totals: { timedOut: 1, failed: 1 }, threads: { killed: 1 } });
  });

  test('is retried on another thread', async () => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does: 'loop', bad: 2 });
    expect(await job.result()).toMatchObject({ attempt: 3 });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['timed-out', 'timed-out', 'completed']);
    expect(new Set(job.attempts.map(({ threadId }) => threadId)).size).toBe(3);
    expectBalanced(queue);
  });

  test('frees its thread: those behind it run on the replacement', async () => {
    const queue = makeQueue();
    const before = await queue.run(where, 1);
    const hung = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
    const after = queue.run(where, 1);
    await caught(hung.result());
    expect(await after).not.toBe(before);
  });

  test('leaves its neighbours in the batch untouched', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(misbehave, { does: 'fine' }));
    queue.pause();
    const before = await queue.addBulk(misbehave, [{ does: 'fine' }, { does: 'fine' }]);
    const hung = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
    const behind = await queue.addBulk(
      misbehave,
      Array.from({ length: 20 }, () => ({ does: 'fine' })),
    );
    queue.resume();
    expect(await caught(hung.result())).toBeInstanceOf(TimeoutError);
    for (const job of [...before, ...behind]) {
      expect(await job.result()).toMatchObject({ attempt: 1 });
      expect(job.attempts.filter(({ outcome }) => outcome === 'completed')).toHaveLength(1);
      expect(job.attempt).toBe(1);
    }
    expect(queue.stats().totals).toMatchObject({ timedOut: 1, retried: 0, failed: 1 });
    expectBalanced(queue);
  });

  test('costs those that had finished before it no time but their own', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(misbehave, { does: 'fine' }));
    queue.pause();
    const before = await queue.addBulk(
      misbehave,
      Array.from({ length: 10 }, () => ({ does: 'fine' })),
    );
    const hung = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
    queue.resume();
    await caught(hung.result());
    await Promise.all(before.map((job) => job.result()));
    const [{ startedAt: since } = { startedAt: 0 }] = hung.attempts;
    for (const { attempts } of before) {
      expect(attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
      const [{ startedAt, duration } = { startedAt: Number.NaN, duration: Number.NaN }] = attempts;
      expect(startedAt + duration).toBeLessThanOrEqual(since + 1);
    }
  });

  test('does not hold back those behind it in its batch when another thread is free', async () => {
    const queue = makeQueue({ threads: 2 });
    await warmUp((warm) => queue.run(echo, warm));
    const gate = makeGate();
    queue.pause();
    const holder = await queue.add(hold, { gate: gate.memory, value: 'held' });
    const others = await queue.addBulk(echo, [1, 2, 3, 4]);
    queue.resume();
    expect(await Promise.all(others.map((job) => job.result()))).toEqual([1, 2, 3, 4]);
    expect(holder.state).toBe('active');
    gate.open();
    expect(await holder.result()).toBe('held');
  });

  test('finds its checkpoint at the next attempt', async () => {
    const queue = makeQueue();
    const job = await queue.add(checkpointing, 1);
    expect(await job.result()).toEqual({ step: 3, lastCheckpoint: { step: 2 } });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['timed-out', 'timed-out', 'completed']);
  });

  test('a spare thread takes over, and the number of threads stays', async () => {
    const queue = makeQueue({ threads: 1, spareThreads: 1 });
    await queue.ready();
    await caught(queue.run(misbehave, { does: 'loop' }, { maxAttempts: 1 }));
    expect(await queue.run(echo, 1)).toBe(1);
    await queue.ready();
    expect(queue.stats().threads).toMatchObject({ size: 2, killed: 1 });
  });

  test('with at-most-once delivery runs no second time', async () => {
    for (const does of ['exit', 'throw']) {
      const queue = makeQueue();
      const gate = makeGate();
      await caught(queue.run(once, { gate: gate.memory, does }));
      expect(await queue.run(echo, 'after')).toBe('after');
      expect(gate.arrivals).toBe(1);
      expect(queue.stats().totals).toMatchObject({ failed: 1, retried: 0 });
    }
    const queue = makeQueue();
    const gate = makeGate();
    await caught(queue.run(once, { gate: gate.memory, does: 'hang' }, { timeout: 50 }));
    expect(await queue.run(echo, 'after')).toBe('after');
    expect(gate.arrivals).toBe(1);
  });

  test('in native code is a zombie, and its retry does not start beside it', async () => {
    const queue = makeQueue({ threads: 2 });
    const zombie = next(queue, 'thread-zombie');
    const job = await queue.add(misbehave, { does: 'native', bad: 1 }, { timeout: 50 });
    expect((await zombie)[0]).toMatchObject({ jobId: job.id, threadId: expect.any(Number), reason: expect.any(String) });
    expect(queue.stats().threads.zombies).toBe(1);
    expect(job.state).toBe('delayed');
    expect(await queue.run(echo, 'meanwhile')).toBe('meanwhile');
    expect(await job.result()).toMatchObject({ attempt: 2 });
    expect(queue.stats().threads.zombies).toBe(0);
  });
});

test('what a job said last is told when its thread has been killed, and before the job has ended', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const job = await queue.add(lastAtGate, { gate: gate.memory });
  await next(queue, 'progress');
  const told: unknown[] = [];
  // Who hears of it may do anything, such as cancel what is being cancelled.
  queue.on('progress', (_, value) => told.push([value, job.state, queue.stats().threads.killed, job.cancel('again')]));
  gate.open();
  // All in one turn of the event loop: nobody else reads what it says.
  while (gate.arrivals === 0);
  job.cancel('enough');
  expect(told).toEqual([['last words', 'active', 1, true]]);
  expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
  expectBalanced(queue);
});

import { setImmediate as turn } from 'node:timers/promises';
import type { JobQueue } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold, passes, where } from '../fixtures/answers.job.js';
import { blocksAfterwards, exitsOnItsError, lingers, polite, remembers, takes } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, sent, until, variant, warmUp } from '../helpers.js';

/** A job that holds its thread until the gate opens, of a definition whose jobs are known to be short: so others are sent ahead. */
async function holding(queue: JobQueue) {
  const open = makeGate();
  open.open();
  await warmUp(() => queue.run(hold, { gate: open.memory }));
  await warmUp((warm) => queue.run(echo, warm));
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory, value: 'held' });
  await next(queue, 'progress', ({ id }) => id === job.id);
  return { gate, job };
}

describe('what is sent ahead to a thread that works', () => {
  test('does not overtake a job that only the limit of its definition holds back', async () => {
    const queue = makeQueue();
    const urgent = variant(hold, { concurrency: 1, priority: 1 });
    const open = makeGate();
    open.open();
    await warmUp(() => queue.run(urgent, { gate: open.memory }));
    await warmUp((warm) => queue.run(echo, warm));
    const gate = makeGate();
    const running = await queue.add(urgent, { gate: gate.memory });
    await next(queue, 'progress', ({ id }) => id === running.id);
    const started: string[] = [];
    queue.on('active', ({ id }) => void started.push(id));
    const held = await queue.add(urgent, { gate: open.memory });
    const behind = await queue.addBulk(echo, [1, 2, 3, 4]);
    for (let turns = 0; turns < 3; turns++) await turn();
    gate.open();
    await Promise.all(behind.map((job) => job.result()));
    expect(started).toEqual([held, ...behind].map(({ id }) => id));
  });

  test('is there before the thread is free, and no more than one batch of it', async () => {
    const queue = makeQueue({ maxBatch: 2 });
    const { gate, job } = await holding(queue);
    const behind = await queue.addBulk(echo, [1, 2, 3, 4]);
    await next(queue, 'active', ({ id }) => id === behind[0]?.id);
    expect([job, ...behind].map(({ state }) => state)).toEqual(['active', 'active', 'active', 'waiting', 'waiting']);
    expect(queue.explain(behind[0].id)).toEqual({ state: 'active', phase: 'sent', threadId: expect.any(Number) });
    gate.open();
    expect(await Promise.all(behind.map((one) => one.result()))).toEqual([1, 2, 3, 4]);
    for (const { attempts } of behind) expect(attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
    expectBalanced(queue);
  });

  test('is nothing where maxBatch is 1', async () => {
    const queue = makeQueue({ maxBatch: 1 });
    const { gate, job } = await holding(queue);
    const told: string[] = [];
    queue.on('active', ({ id }) => void told.push(id));
    const behind = await queue.addBulk(echo, [1, 2, 3]);
    for (let turns = 0; turns < 20; turns++) await turn();
    expect([job, ...behind].map(({ state }) => state)).toEqual(['active', 'waiting', 'waiting', 'waiting']);
    expect(told).toEqual([]);
    gate.open();
    await Promise.all(behind.map((one) => one.result()));
    expect(told).toEqual(behind.map(({ id }) => id));
  });

  test('is told of as active once, though it is taken back and sent again', async () => {
    const queue = makeQueue();
    const { gate } = await holding(queue);
    const told: string[] = [];
    queue.on('active', ({ id }) => void told.push(id));
    const allSent = sent(queue);
    const behind = await queue.addBulk(echo, [1, 2]);
    await allSent(behind);
    // The one before them holds them back.
    await until(() => behind.every(({ state }) => state === 'waiting'));
    gate.open();
    await Promise.all(behind.map((job) => job.result()));
    expect(told).toEqual(behind.map(({ id }) => id));
  });

  test('starts on another thread when this one is killed, and once', async () => {
    const queue = makeQueue();
    const { gate, job } = await holding(queue);
    const behind = await queue.addBulk(echo, [1, 2, 3]);
    await turn();
    const killed = next(queue, 'thread-killed');
    job.cancel('enough');
    expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
    expect(await Promise.all(behind.map((one) => one.result()))).toEqual([1, 2, 3]);
    const [{ threadId }] = await killed;
    for (const { attempts } of behind) {
      expect(attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
      expect(attempts[0]?.threadId).not.toBe(threadId);
    }
    gate.open();
    expectBalanced(queue);
  });

  test('makes way for a job of higher priority', async () => {
    const queue = makeQueue();
    const ended: unknown[] = [];
    queue.on('completed', ({ input, name }) => {
      if (name === 'echo' && typeof input === 'string') ended.push(input);
    });
    // Long enough that what is behind it would wait for longer than a batch takes, short enough to send ahead.
    for (let warm = 0; warm < 3; warm++) await queue.run(takes, { ms: 8 });
    await warmUp((warm) => queue.run(echo, warm));
    const gate = makeGate();
    const busy = await queue.add(takes, { ms: 8, gate: gate.memory });
    await next(queue, 'progress', ({ id }) => id === busy.id);
    const low = await queue.addBulk(echo, ['low 1', 'low 2', 'low 3']);
    await turn();
    const high = await queue.add(echo, 'high', { priority: 1 });
    await turn();
    gate.open();
    await Promise.all([busy, high, ...low].map((job) => job.result()));
    expect(ended).toEqual(['high', 'low 1', 'low 2', 'low 3']);
  });

  test('is not lost when a handler that never yields reads why it shall stop', async () => {
    const queue = makeQueue();
    const before = await queue.run(where, 1);
    for (let round = 0; round < 3; round++) {
      const job = await queue.add(polite, { how: 'throw-if-aborted' });
      await next(queue, 'progress', ({ id }) => id === job.id);
      const behind = await queue.addBulk(where, [1, 2, 3]);
      await turn();
      job.cancel('enough');
      expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
      expect(await Promise.all(behind.map((one) => one.result()))).toEqual([before, before, before]);
    }
    expect(queue.stats().threads.killed).toBe(0);
    expectBalanced(queue);
  });

  test('goes on being numbered while the thread never rests: every job gets its own result', async () => {
    const queue = makeQueue({ threads: 2, maxBatch: 3, keepCompleted: 5_000 });
    await warmUp((warm) => queue.run(echo, warm));
    const inputs = Array.from({ length: 5_000 }, (_, n) => n);
    const jobs = await queue.addBulk(echo, inputs);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual(inputs);
    for (const { addedAt, attempts, finishedAt } of jobs) {
      expect(attempts).toHaveLength(1);
      expect(attempts[0]?.startedAt).toBeGreaterThanOrEqual(addedAt);
      expect(finishedAt).toBeGreaterThanOrEqual(attempts[0]?.startedAt as number);
    }
    expectBalanced(queue);
  });
});

test('threads that answer at once leave the event loop its turns', async () => {
  const queue = makeQueue({ threads: 2 });
  await queue.ready();
  await warmUp((warm) => queue.run(echo, warm));
  let inThisTurn = 0;
  let most = 0;
  let left = 20_000;
  const caller = async () => {
    while (left-- > 0) {
      await queue.run(echo, left);
      most = Math.max(most, ++inThisTurn);
    }
  };
  const turns = (async () => {
    while (left > 0) {
      await turn();
      inThisTurn = 0;
    }
  })();
  await Promise.all(Array.from({ length: 256 }, caller));
  await turns;
  // What was on the threads when the turn began, and what was sent once in it.
  expect(most).toBeLessThanOrEqual(2 * 256);
});

describe('a thread that goes on from one job to the next', () => {
  test('counts the time of a job from when it starts its handler, whatever ran in between', async () => {
    const queue = makeQueue();
    await warmUp((warm) => Promise.all([queue.run(lingers, {}), queue.run(echo, warm)]));
    const ended = new SharedArrayBuffer(8);
    queue.pause();
    const first = await queue.add(lingers, { ended });
    const second = await queue.add(echo, 'next');
    queue.resume();
    expect(await caught(first.result())).toMatchObject({ message: 'failed early' });
    await second.result();
    // Both are rounded to whole milliseconds.
    expect(second.attempts[0]?.startedAt).toBeGreaterThanOrEqual((new Float64Array(ended)[0] as number) - 2);
  });

  test('is replaced when what a job has left behind blocks it, though the job ended in its grace period', async () => {
    const queue = makeQueue();
    expect(await caught(queue.run(blocksAfterwards, 1))).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(await queue.run(echo, 'next')).toBe('next');
    expect(queue.stats().threads.killed).toBe(1);
  });

  test('frees its job for the retry when it exits by itself before the queue has read why', async () => {
    const queue = makeQueue({ spareThreads: 1 });
    await queue.ready();
    for (let round = 0; round < 6; round++) {
      const job = await queue.add(exitsOnItsError, round);
      await next(queue, 'active', ({ id }) => id === job.id);
      // The main thread looks elsewhere until it is all over.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
      expect(await job.result()).toBe('fine');
      expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['crashed', 'completed']);
    }
  });
});

describe('a listener that cancels a job whose result has arrived with its own', () => {
  test('comes too late, and harms nobody', async () => {
    const queue = makeQueue();
    const before = makeGate();
    await warmUp(() => queue.run(passes, { gate: before.memory }));
    const gate = makeGate();
    const jobs = await queue.addBulk(
      passes,
      Array.from({ length: 40 }, (_, value) => ({ gate: gate.memory, value })),
    );
    queue.once('completed', () => {
      // The results of all that were sent have left their thread before the queue goes on.
      const sent = jobs.filter(({ state }) => state !== 'waiting').length;
      while (gate.arrivals < sent);
      jobs[1]?.cancel('too late');
    });
    const ends = await Promise.allSettled(jobs.map((job) => job.result()));
    for (const [value, end] of ends.entries()) {
      if (value !== 1) expect(end).toEqual({ status: 'fulfilled', value });
    }
    await until(() => gate.arrivals >= 40);
    expect(gate.arrivals).toBe(40);
    expect(queue.stats().threads.killed).toBe(0);
    expectBalanced(queue);
  });
});

describe('a thread that never comes to rest', () => {
  test('lets go of the jobs it has run', async () => {
    const queue = makeQueue({ maxBatch: 4 });
    const jobs = await queue.addBulk(
      remembers,
      Array.from({ length: 200 }, (_, n) => ({ n, count: n === 150 })),
    );
    // Asked in the middle, while others are still coming. Two batches are on the thread.
    expect(await jobs[150]?.result()).toBeLessThan(20);
  });
});

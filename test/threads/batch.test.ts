import { setImmediate as turn } from 'node:timers/promises';
import type { JobQueue } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { about, echo, hold, once, where } from '../fixtures/answers.job.js';
import { returns } from '../fixtures/errors.job.js';
import { holdAsync, leaves, misbehave, polite, takes } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, sent, until, variant, warmUp } from '../helpers.js';

/** A job that holds the only thread, of a definition that is known to be quick, as all others here: what may be sent ahead is. */
async function holding(queue: JobQueue) {
  const open = makeGate();
  open.open();
  await warmUp(async (warm) => {
    await queue.run(hold, { gate: open.memory });
    await queue.run(echo, warm);
    await queue.run(once, { gate: open.memory });
  });
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory, value: 'held' });
  await until(() => gate.arrivals === 1);
  return { gate, job };
}

describe('what goes to a thread with others', () => {
  test('is no job that must not run twice', async () => {
    const queue = makeQueue();
    const { gate } = await holding(queue);
    const allSent = sent(queue);
    const [ahead] = await queue.addBulk(echo, [1]);
    const alone = await queue.addBulk(once, [{ gate: gate.memory }, { gate: gate.memory }]);
    await allSent([ahead]);
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(alone.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    gate.open();
    expect(await Promise.all(alone.map((job) => job.result()))).toEqual(['done', 'done']);
  });

  test('is no job whose buffers are moved: they are moved, however many wait', async () => {
    const queue = makeQueue();
    const { gate } = await holding(queue);
    const buffers = [1, 2, 3].map(() => new ArrayBuffer(64));
    const jobs = [await queue.add(echo, 'before')];
    for (const buffer of buffers) jobs.push(await queue.add(echo, buffer, { maxAttempts: 1, transfer: [buffer] }));
    gate.open();
    await Promise.all(jobs.map((job) => job.result()));
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
  });

  test('is nothing with maxBatch: 1', async () => {
    const queue = makeQueue({ maxBatch: 1 });
    const { gate } = await holding(queue);
    const [behind] = await queue.addBulk(echo, [1]);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(behind.state).toBe('waiting');
    gate.open();
    expect(await behind.result()).toBe(1);
  });
});

describe('jobs of one batch', () => {
  test('get their results while a job behind them waits for something', async () => {
    const queue = makeQueue();
    const open = makeGate();
    open.open();
    await warmUp(async (warm) => {
      await queue.run(holdAsync, { gate: open.memory });
      await queue.run(echo, warm);
    });
    queue.pause();
    const gate = makeGate();
    const quick = await queue.addBulk(echo, [1, 2, 3]);
    const slow = await queue.add(holdAsync, { gate: gate.memory, value: 'slow' });
    queue.resume();
    expect(await Promise.all(quick.map((job) => job.result()))).toEqual([1, 2, 3]);
    expect(slow.state).not.toBe('completed');
    gate.open();
    expect(await slow.result()).toBe('slow');
  });

  test('are not harmed by one whose result cannot be sent', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(returns, 'nothing'));
    queue.pause();
    const kinds = ['nothing', 'function', 'map-date-set', 'proxy', 'getter', 'fine', 'promise', 'nothing'];
    const jobs = await queue.addBulk(returns, kinds);
    queue.resume();
    await Promise.allSettled(jobs.map((job) => job.result()));
    expect(jobs.map(({ state }) => state)).toEqual([
      'completed',
      'failed',
      'completed',
      'failed',
      'failed',
      'completed',
      'failed',
      'completed',
    ]);
    expect(queue.stats().totals).toMatchObject({ crashed: 0, interrupted: 0 });
    expectBalanced(queue);
  });

  test('are not harmed by one whose result can be looked at, but not sent', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(returns, 'nothing'));
    queue.pause();
    const bad = 'a getter that throws the second time';
    const jobs = await queue.addBulk(returns, ['map-date-set', 'nothing', bad, 'nothing', 'map-date-set', bad, 'fine']);
    queue.resume();
    await Promise.allSettled(jobs.map((job) => job.result()));
    expect(jobs.filter(({ input }) => input !== bad).map(({ state }) => state)).toEqual(Array(5).fill('completed'));
    for (const job of jobs.filter(({ input }) => input === bad)) expect(await caught(job.result())).toBeInstanceOf(Error);
    expect(queue.stats().totals).toMatchObject({ crashed: 0, interrupted: 0 });
  });

  test('have each their own duration, also the one that is killed', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(misbehave, { does: 'nothing' }));
    queue.pause();
    const before = await queue.addBulk(misbehave, [{}, {}, {}]);
    const killed = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1, timeout: 150 });
    queue.resume();
    const error = await caught(killed.result());
    await Promise.all(before.map((job) => job.result()));
    expect(killed.attempts[0]?.duration).toBeGreaterThanOrEqual(149);
    expect(error.ranFor).toBeGreaterThanOrEqual(149);
    // The killed one is the longest by far, whatever the machine does beside.
    for (const { attempts } of before) expect(attempts[0]?.duration).toBeLessThan(killed.attempts[0]?.duration as number);
  });
});

describe('a thread that goes on', () => {
  test('tells the next job nothing of what the last one was told', async () => {
    const queue = makeQueue();
    for (let round = 0; round < 3; round++) {
      const job = await queue.add(polite, { how: 'await' });
      await next(queue, 'progress', ({ id }) => id === job.id);
      job.cancel('stop');
      await caught(job.result());
      expect(await queue.run(about, 1)).toMatchObject({ aborted: false, signalAborted: false });
    }
    expect(queue.stats().threads.killed).toBe(0);
  });

  test('runs nothing more when what a job has left behind throws: the jobs behind run elsewhere', async () => {
    const queue = makeQueue();
    const open = makeGate();
    open.open();
    await warmUp(async (warm) => {
      await queue.run(holdAsync, { gate: open.memory });
      await queue.run(where, warm);
    });
    const [trap, gate] = [makeGate(), makeGate()];
    const thread = await queue.run(leaves, { gate: trap.memory, does: 'throw' });
    const running = await queue.add(holdAsync, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    const allSent = sent(queue);
    const behind = await queue.addBulk(where, [1, 2, 3]);
    await allSent(behind.slice(0, 1));
    const late = next(queue, 'late-error');
    trap.open();
    await late;
    gate.open();
    expect(await running.result()).toBe(thread);
    for (const job of behind) expect(await job.result()).not.toBe(thread);
    expectBalanced(queue);
  });

  test('is not killed later for a job that had stopped in its grace period', async () => {
    const queue = makeQueue();
    const brief = variant(polite, { gracePeriod: 100 });
    const job = await queue.add(brief, { how: 'await' });
    await next(queue, 'progress');
    job.cancel('stop');
    await caught(job.result());
    const after = await queue.add(takes, { ms: 250 });
    await after.result();
    expect(after.attempts).toHaveLength(1);
    // On a machine so busy that it did not stop in time its thread may be gone, but then before.
    if (queue.stats().threads.killed > 0) expect(job.attempts[0]?.threadId).not.toBe(after.attempts[0]?.threadId);
  });

  test('ends a job for the first reason it was cancelled with, when it is cancelled again', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(polite, { how: 'gate', gate: gate.memory });
    await next(queue, 'progress', (_job, value) => value === 'running');
    job.cancel('first');
    await next(queue, 'progress', (_job, value) => value === 'told');
    job.cancel('second');
    gate.open();
    expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'first' });
  });

  test('knows a definition also when the first input of it could not be sent', async () => {
    const queue = makeQueue();
    let looks = 0;
    const unsendable = {
      get once() {
        if (looks++ > 0) throw new Error('not twice');
        return 1;
      },
    };
    await queue.run(about, 1);
    const refused = await queue.add(echo, unsendable, { maxAttempts: 1 }).then(
      (job) => caught(job.result()),
      (error) => error,
    );
    expect(refused).toBeInstanceOf(Error);
    expect(await queue.run(echo, 'fine')).toBe('fine');
  });
});

test('concurrency holds beside a thread that is still dying', async () => {
  const queue = makeQueue({ threads: 2 });
  const single = variant(misbehave, { concurrency: 1, timeout: 50, maxAttempts: 1 });
  const stuck = await queue.add(single, { does: 'native' });
  const behind = await queue.add(single, { does: 'nothing' });
  const zombies: number[] = [];
  queue.on('active', ({ id }) => {
    if (id === behind.id) zombies.push(queue.stats().threads.zombies);
  });
  await next(queue, 'thread-zombie');
  expect([stuck.state, behind.state]).toEqual(['failed', 'waiting']);
  await behind.result();
  expect(zombies).toEqual([0]);
});

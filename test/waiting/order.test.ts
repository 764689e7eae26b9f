import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold, other } from '../fixtures/answers.job.js';
import { makeGate, makeQueue, next, until, variant } from '../helpers.js';

describe('order', () => {
  test('a paused queue runs by priority, then arrival, once resumed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 60 }), async (priorities) => {
        const queue = makeQueue();
        queue.pause();
        const done: number[] = [];
        queue.on('completed', (job) => void done.push(job.input as number));
        for (const [index, priority] of priorities.entries()) await queue.add(echo, index, { priority });
        const expected = [...priorities.entries()].sort(([, a], [, b]) => b - a).map(([index]) => index);
        expect(queue.list('waiting').map(({ input }) => input)).toEqual(expected);
        const drained = next(queue, 'drained');
        queue.resume();
        await drained;
        expect(done).toEqual(expected);
        await queue.close();
      }),
      { numRuns: 10 },
    );
  });

  test("the definition's priority counts, and add overrides it", async () => {
    const queue = makeQueue();
    queue.pause();
    const urgent = variant(other, { priority: 10 });
    await queue.add(echo, 'second', { priority: 3 });
    await queue.add(urgent, 'first');
    await queue.add(urgent, 'last', { priority: -1 });
    expect(queue.list('waiting').map(({ input }) => input)).toEqual(['first', 'second', 'last']);
  });

  test('thousands of jobs run in the order of arrival', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    const done: number[] = [];
    queue.on('completed', (job) => void done.push(job.input as number));
    const drained = next(queue, 'drained');
    await queue.addBulk(
      echo,
      Array.from({ length: 20_000 }, (_, index) => index),
    );
    await drained;
    expect(done.length).toBe(20_000);
    expect(done.findIndex((value, index) => value !== index)).toBe(-1);
  });

  test('a retried job does not overtake those that waited', async () => {
    const queue = makeQueue({ maxBatch: 1 });
    queue.pause();
    const retried = await queue.add(flaky, { failures: 1 });
    await queue.add(echo, 'a');
    const done: string[] = [];
    queue.on('completed', (job) => void done.push(job.name));
    queue.resume();
    await retried.result();
    expect(done).toEqual(['echo', 'flaky']);
  });
});

describe('limits of a definition', () => {
  test('concurrency is never exceeded', async () => {
    const queue = makeQueue({ threads: 2 });
    const single = variant(hold, { concurrency: 1 });
    const gates = [makeGate(), makeGate(), makeGate()];
    const jobs = await Promise.all(gates.map(({ memory }) => queue.add(single, { gate: memory })));
    for (const [index, gate] of gates.entries()) {
      await until(() => gate.arrivals === 1);
      expect(await queue.run(echo, 'a neighbour passes')).toBe('a neighbour passes');
      expect(gates.map(({ arrivals }) => arrivals)).toEqual(gates.map((_, other) => (other <= index ? 1 : 0)));
      gate.open();
      await jobs[index].result();
    }
  });

  test('rateLimit holds back what is over it, and nothing else', async () => {
    const queue = makeQueue();
    const limited = variant(other, { rateLimit: { max: 2, duration: 3_600_000 } });
    const jobs = await queue.addBulk(limited, [1, 2, 3]);
    await Promise.all([jobs[0].result(), jobs[1].result()]);
    expect(await queue.run(echo, 'passes')).toBe('passes');
    expect(jobs[2].state).toBe('waiting');
    expect(queue.stats().byName.other.counts).toMatchObject({ waiting: 1, completed: 2 });
  });
});

describe('pause', () => {
  test('active jobs go on, others wait', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const active = await queue.add(hold, { gate: gate.memory, value: 'went on' });
    await next(queue, 'progress');
    queue.pause();
    expect(queue.isPaused).toBe(true);
    const waiting = await queue.add(echo, 'later');
    gate.open();
    expect(await active.result()).toBe('went on');
    expect(waiting.state).toBe('waiting');
    queue.resume();
    expect(queue.isPaused).toBe(false);
    expect(await waiting.result()).toBe('later');
  });

  test('of a definition holds that one only', async () => {
    const queue = makeQueue();
    queue.pause(echo);
    expect(queue.isPaused).toBe(false);
    const held = await queue.add(echo, 'held');
    expect(await queue.run(other, 'runs')).toBe('runs');
    expect(held.state).toBe('waiting');
    queue.resume(echo);
    expect(await held.result()).toBe('held');
  });

  test('of a definition whose jobs wait already keeps their order', async () => {
    const queue = makeQueue();
    queue.pause();
    await queue.add(echo, 1);
    await queue.add(other, 2);
    await queue.add(echo, 3);
    queue.pause(echo);
    const done: unknown[] = [];
    queue.on('completed', (job) => void done.push(job.input));
    queue.resume();
    await next(queue, 'completed');
    expect(done).toEqual([2]);
    const drained = next(queue, 'drained');
    queue.resume(echo);
    await drained;
    expect(done).toEqual([2, 1, 3]);
  });

  test('of everything is not undone by resuming a definition', async () => {
    const queue = makeQueue();
    queue.pause();
    queue.resume(echo);
    expect(queue.isPaused).toBe(true);
  });
});

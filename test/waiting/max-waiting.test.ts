import { QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { caught, makeGate, makeQueue, next, variant } from '../helpers.js';

describe('maxWaiting', () => {
  const full = async (whenFull: 'wait' | 'reject') => {
    const queue = makeQueue({ maxWaiting: 2, whenFull });
    queue.pause();
    await queue.addBulk(echo, ['a', 'b']);
    return queue;
  };

  test('reject: a QueueFullError that names the ways out', async () => {
    const queue = await full('reject');
    const error = await caught(queue.add(echo, 'c'));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error.code).toBe('ERR_QUEUE_FULL');
    expect(error.message).toMatch(/maxWaiting \(2\).*raise.*whenFull/);
    expect(await caught(queue.addBulk(echo, ['c', 'd']))).toBeInstanceOf(QueueFullError);
    expect(queue.stats().totals.added).toBe(2);
  });

  test('delayed jobs count', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    queue.pause();
    await queue.add(echo, 1, { delay: 60_000 });
    expect(await caught(queue.add(echo, 2))).toBeInstanceOf(QueueFullError);
  });

  test('reject: a bulk that fits partly is refused whole', async () => {
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    queue.pause();
    await queue.addBulk(echo, [1, 2]);
    expect(await caught(queue.addBulk(echo, [3, 4]))).toBeInstanceOf(QueueFullError);
    expect(queue.stats().counts.waiting).toBe(2);
    await queue.add(echo, 3);
  });

  test('free threads are no room for jobs that a limit keeps from them', async () => {
    const queue = makeQueue({ threads: 4, maxWaiting: 1, whenFull: 'reject' });
    await queue.ready();
    const one = variant(echo, { concurrency: 1 });
    expect(await caught(queue.addBulk(one, [1, 2, 3]))).toBeInstanceOf(QueueFullError);
    // One runs, one waits.
    expect((await Promise.all((await queue.addBulk(one, [1, 2])).map((job) => job.result()))).length).toBe(2);
  });

  test('reject: a bulk that fits exactly is let in', async () => {
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    queue.pause();
    await queue.add(echo, 1);
    await queue.addBulk(echo, [2, 3]);
    expect(queue.stats().counts.waiting).toBe(3);
  });

  test('wait: adding waits for room, in order of arrival', async () => {
    const queue = await full('wait');
    const added: unknown[] = [];
    queue.on('added', (job) => void added.push(job.input));
    const adds = ['c', 'd', 'e'].map((input) => queue.add(echo, input));
    const bulk = queue.addBulk(echo, ['f', 'g']);
    // The inputs of a bulk are validated one after the other: it arrives when all have passed.
    await new Promise((resolve) => setImmediate(resolve));
    const last = queue.add(echo, 'h');
    expect(added).toEqual([]);
    let most = 0;
    queue.on('added', () => {
      const { waiting, delayed } = queue.stats().counts;
      most = Math.max(most, waiting + delayed);
    });
    queue.resume();
    await Promise.all([...adds, bulk, last]);
    expect(added).toEqual(['c', 'd', 'e', 'f', 'g', 'h']);
    expect(most).toBeLessThanOrEqual(2);
  });

  test('wait: one place lets in one', async () => {
    const queue = await full('wait');
    const entered: string[] = [];
    for (const input of ['c', 'd'])
      void queue.add(echo, input).then(
        () => entered.push(input),
        () => {},
      );
    queue.list('waiting')[0].cancel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toEqual(['c']);
    expect(queue.stats().counts.waiting).toBe(2);
  });

  test('wait: a job that starts makes room', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    const gate = makeGate();
    const active = next(queue, 'active');
    await queue.add(hold, { gate: gate.memory });
    let entered = false;
    const second = queue.add(echo, 'second').then((job) => {
      entered = true;
      return job;
    });
    await active;
    await next(queue, 'progress');
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(true);
    gate.open();
    expect(await (await second).result()).toBe('second');
  });

  test('wait: a bulk larger than maxWaiting enters when nothing else waits', async () => {
    const queue = makeQueue({ maxWaiting: 2 });
    const jobs = await queue.addBulk(echo, [1, 2, 3, 4]);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([1, 2, 3, 4]);
  });

  test('wait: a signal that aborts meanwhile keeps the job out', async () => {
    const queue = await full('wait');
    const controller = new AbortController();
    const outcome = queue.run(echo, 'c', { signal: controller.signal }).then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    controller.abort('changed my mind');
    queue.resume();
    expect(await outcome).toMatchObject({ error: { code: 'ERR_CANCELLED', reason: 'changed my mind' } });
  });
});

describe('what free threads take at once', () => {
  test('does not count: maxWaiting may be 0', async () => {
    const queue = makeQueue({ maxWaiting: 0, whenFull: 'reject', threads: 2 });
    const gate = makeGate();
    const holding = [queue.run(hold, { gate: gate.memory, value: 1 }), queue.run(hold, { gate: gate.memory, value: 2 })];
    expect(await caught(queue.add(echo, 3))).toBeInstanceOf(QueueFullError);
    gate.open();
    expect(await Promise.all(holding)).toEqual([1, 2]);
    await queue.idle();
    expect(await queue.run(echo, 4)).toBe(4);
    expect(await caught(queue.add(echo, 5, { delay: 1_000 }))).toBeInstanceOf(QueueFullError);
    queue.pause();
    expect(await caught(queue.add(echo, 6))).toBeInstanceOf(QueueFullError);
  });

  test('with 0, adding waits for a thread, in order', async () => {
    const queue = makeQueue({ maxWaiting: 0 });
    const outputs: unknown[] = [];
    await Promise.all([1, 2, 3, 4, 5].map(async (value) => outputs.push(await queue.run(echo, value))));
    expect(outputs).toEqual([1, 2, 3, 4, 5]);
    expect((await queue.addBulk(echo, [1, 2, 3])).length).toBe(3);
    for await (const output of queue.map(echo, [7, 8])) outputs.push(output);
    expect(outputs.slice(5)).toEqual([7, 8]);
  });
});

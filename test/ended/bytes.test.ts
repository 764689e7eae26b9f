import { setImmediate as turn } from 'node:timers/promises';
import { NotFoundError, QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, thrownBy, until } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const KIB = 1024;
const text = (kib: number) => 'x'.repeat(kib * KIB);

describe('keepCompleted.bytes', () => {
  test('drops the oldest results, which say so when they are read; the jobs stay', async () => {
    const queue = makeQueue({ keepCompleted: { bytes: 25 * KIB } });
    const seen: unknown[] = [];
    queue.on('completed', (job) => void seen.push((job.output as string).length));
    const jobs = [await queue.add(echo, text(10)), await queue.add(echo, text(10)), await queue.add(echo, text(10))];
    await until(() => jobs[0].output === undefined && jobs[2].state === 'completed');
    expect(seen).toEqual([10 * KIB, 10 * KIB, 10 * KIB]);
    const [first, second, third] = jobs;
    expect([first.output, (second.output as string).length, (third.output as string).length]).toEqual([undefined, 10 * KIB, 10 * KIB]);
    const error = await caught(first.result());
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ message: expect.stringContaining('keepCompleted.bytes'), jobId: first.id, jobName: 'echo' });
    expect((await second.result()) as string).toHaveLength(10 * KIB);
    expect(queue.list('completed').length).toBe(3);
  });

  test('keeps what fits exactly', async () => {
    const queue = makeQueue({ keepCompleted: { bytes: 20 * KIB }, idempotency: { bytes: 20 * KIB } });
    for (const idempotencyKey of ['a', 'b']) await queue.run(echo, text(10), { idempotencyKey });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(queue.list('completed').map(({ output }) => (output as string | undefined)?.length)).toEqual([10 * KIB, 10 * KIB]);
  });

  test('drops one that is larger than all of it, after who waits has it', async () => {
    const queue = makeQueue({ keepCompleted: { max: 5, bytes: KIB } });
    expect(await queue.run(echo, text(10))).toHaveLength(10 * KIB);
    const [job] = queue.list('completed');
    await until(() => job.output === undefined);
    expect(queue.list('completed').map(({ id }) => id)).toEqual([job.id]);
  });

  test('and max, and ttl', async () => {
    const queue = makeTestQueue({ mode: 'inline', keepCompleted: { max: 2, ttl: 1_000 } });
    const jobs = [await queue.add(echo, 1), await queue.add(echo, 2), await queue.add(echo, 3)];
    expect(queue.list('completed').map(({ input }) => input)).toEqual([3, 2]);
    await queue.clock.advance(500);
    const late = await queue.add(echo, 4);
    await queue.clock.advance(500);
    expect(queue.list('completed')).toEqual([late]);
    expect(queue.getJob(jobs[2].id)).toBeUndefined();
    await queue.clock.advance(500);
    expect(queue.stats().counts.completed).toBe(0);
  });

  test('refuses nonsense', () => {
    for (const keepCompleted of [-1, { max: -1 }, { size: 1 }, 'all']) {
      expect(thrownBy(() => makeQueue({ keepCompleted } as never))).toHaveProperty('code', 'ERR_OPTIONS');
    }
  });
});

test('idempotency.bytes drops the oldest results, and the keys stay', async () => {
  const queue = makeQueue({ idempotency: { bytes: 25 * KIB }, keepCompleted: 0 });
  const first = await queue.add(echo, text(10), { idempotencyKey: 'a' });
  for (const idempotencyKey of ['a', 'b', 'c']) expect(await queue.run(echo, text(10), { idempotencyKey })).toHaveLength(10 * KIB);
  await until(() => first.output === undefined);
  expect(await caught(queue.run(echo, text(10), { idempotencyKey: 'a' }))).toBeInstanceOf(NotFoundError);
  expect(await queue.run(echo, text(10), { idempotencyKey: 'b' })).toHaveLength(10 * KIB);
  expect(queue.stats().totals).toMatchObject({ added: 3, deduplicated: 3 });
});

test('idempotency.bytes counts no result whose key stands for its job no longer', async () => {
  const queue = makeTestQueue({ mode: 'inline', idempotency: { bytes: 25 * KIB, ttl: 1_000 }, keepCompleted: 0 });
  await queue.run(echo, text(10), { idempotencyKey: 'a' });
  await queue.clock.advance(1_000);
  const kept = await Promise.all(['b', 'c'].map((idempotencyKey) => queue.add(echo, text(10), { idempotencyKey })));
  await Promise.all(kept.map((job) => job.result()));
  // Results are dropped after who waits has them.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(kept.map(({ output }) => (output as string | undefined)?.length)).toEqual([10 * KIB, 10 * KIB]);
});

describe('maxWaitingBytes', () => {
  test('is like maxWaiting, metadata counted', async () => {
    const queue = makeQueue({ maxWaitingBytes: 25 * KIB, whenFull: 'reject' });
    queue.pause();
    const first = await queue.add(echo, text(10));
    await queue.add(echo, 1, { metadata: text(10) });
    const error = await caught(queue.add(echo, text(10)));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error.message).toContain('maxWaitingBytes');
    expect(await caught(queue.addBulk(echo, [text(1), text(9)]))).toBeInstanceOf(QueueFullError);
    first.cancel();
    await queue.addBulk(echo, [text(1), text(9)]);
    expect(await caught(queue.add(echo, text(10)))).toBeInstanceOf(QueueFullError);
    queue.resume();
    await queue.idle();
    queue.pause();
    await queue.addBulk(echo, [text(10), text(10)]);
    expect(await caught(queue.add(echo, text(10)))).toBeInstanceOf(QueueFullError);
  });

  test('lets in who waits when there is room, and what is larger than all of it when nothing waits', async () => {
    const queue = makeQueue({ maxWaitingBytes: 15 * KIB });
    const lengths = await Promise.all([10, 10, 30, 10].map(async (kib) => ((await queue.run(echo, text(kib))) as string).length));
    expect(lengths).toEqual([10 * KIB, 10 * KIB, 30 * KIB, 10 * KIB]);
  });

  test('what is larger than all of it waits for the last of those that wait, and for no other', async () => {
    const queue = makeQueue({ maxWaitingBytes: 15 * KIB });
    queue.pause();
    const [first, second] = await queue.addBulk(echo, [text(1), text(2)]);
    const added: number[] = [];
    const adding = queue.addBulk(echo, [text(10), text(20)]).then((jobs) => added.push(jobs.length));
    for (const job of [first, second]) {
      await turn();
      expect(added).toEqual([]);
      job?.cancel();
    }
    await adding;
    expect(added).toEqual([2]);
  });
});

import { OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { about, echo } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, makeQueue } from '../helpers.js';

describe('adding', () => {
  test('add gives a job, run its output', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: 1 });
    expect(job.state).toBe('waiting');
    expect(await job.result()).toEqual({ total: 2 });
    expect(await queue.run(sum, { a: 1, b: 5 })).toEqual({ total: 6 });
  });

  test('the handler is told about its job', async () => {
    const queue = makeQueue();
    const job = await queue.add(about, 1, { metadata: { user: 7 }, maxAttempts: 3 });
    expect(await job.result()).toEqual({
      id: job.id,
      name: 'about',
      attempt: 1,
      maxAttempts: 3,
      metadata: { user: 7 },
      aborted: false,
      signalAborted: false,
      lastCheckpoint: undefined,
    });
  });

  test('a job of a definition of another option set is run all the same', async () => {
    expect(await makeQueue({ jobs: [sum] }).run(echo, 1)).toBe(1);
  });

  test('addBulk adds in order', async () => {
    const queue = makeQueue();
    const jobs = await queue.addBulk(sum, [{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(jobs.map(({ input }) => input.a)).toEqual([1, 2, 3]);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([{ total: 2 }, { total: 3 }, { total: 4 }]);
  });

  test('addBulk takes any iterable, also an empty one', async () => {
    const queue = makeQueue();
    expect(await queue.addBulk(echo, [])).toEqual([]);
    expect(await queue.addBulk(echo, new Set(['a', 'b']))).toHaveLength(2);
  });

  test('addBulk adds none when one input is invalid, and says which', async () => {
    const queue = makeQueue();
    const error = await caught(queue.addBulk(sum, [{ a: 1 }, { a: 2 }, { a: 'x' } as never]));
    expect(error.code).toBe('ERR_INPUT');
    expect(error.message).toContain('inputs[2].a');
    expect((await caught(queue.addBulk(echo, [1, { fn() {} }]))).message).toContain('inputs[1].fn is a function');
    expect(queue.stats()).toMatchObject({ totals: { added: 0 }, counts: { waiting: 0 } });
  });

  test('addBulk refuses what belongs to one job', async () => {
    const queue = makeQueue();
    expect(await caught(queue.addBulk(echo, [1], { idempotencyKey: 'k' }))).toBeInstanceOf(OptionsError);
    expect(await caught(queue.addBulk(echo, [1], { transfer: [], maxAttempts: 1 }))).toBeInstanceOf(OptionsError);
  });

  test('addBulk applies its options to every job', async () => {
    const queue = makeQueue();
    queue.pause();
    const jobs = await queue.addBulk(echo, [1, 2], { priority: 5, metadata: 'm' });
    expect(jobs.map(({ priority, metadata }) => [priority, metadata])).toEqual([
      [5, 'm'],
      [5, 'm'],
    ]);
  });

  test('later changes of metadata do not show in a copied view', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 1, { metadata: { small: Buffer.from('ab') } });
    expect(((job.metadata as any).small as Uint8Array).buffer.byteLength).toBe(2);
  });

  test('metadata that cannot be cloned is refused by its path', async () => {
    expect((await caught(makeQueue().add(echo, 1, { metadata: { fn() {} } }))).message).toContain('metadata.fn is a function');
  });
});

test('what is no definition is refused as such, also where the signal is aborted', async () => {
  const queue = makeQueue();
  for (const nothing of [undefined, null, {}]) {
    const error = await caught(queue.add(nothing as never, 1, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ERR_OPTIONS' });
    expect(error.message).toContain('expected a definition from defineJob');
  }
});

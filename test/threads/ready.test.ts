import { describe, expect, test } from 'vitest';
import { echo, other } from '../fixtures/answers.job.js';
import { caught, makeQueue, moduleOf, variant } from '../helpers.js';

describe('ready', () => {
  test('resolves when all threads have booted and loaded the jobs', async () => {
    const queue = makeQueue({ jobs: [echo], threads: 2, spareThreads: 1 });
    await queue.ready();
    expect(queue.stats().threads).toMatchObject({ size: 3, starting: 0 });
    await queue.ready();
  });

  test('rejects with the ModuleError of a job that does not load', async () => {
    const bad = variant(echo, { module: moduleOf('throw new Error("at load")') });
    const queue = makeQueue({ jobs: [bad, other] });
    const error = await caught(queue.ready());
    expect(error.code).toBe('ERR_MODULE');
    expect(error.message).toContain('at load');
    expect(await queue.run(other, 'the other runs')).toBe('the other runs');
  });

  test('settles when the queue is closed before', async () => {
    const queue = makeQueue();
    const ready = caught(queue.ready());
    await queue.close();
    expect((await ready).code).toBe('ERR_QUEUE_CLOSED');
  });

  test('rejects on a closed queue', async () => {
    const queue = makeQueue();
    await queue.close();
    const late = await Promise.race([
      caught(queue.ready()),
      queue.close().then(() => new Promise((resolve) => setImmediate(resolve, 'pending'))),
    ]);
    expect(late).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
  });
});

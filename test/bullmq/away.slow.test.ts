import { BullMQJobQueue } from 'threadmill/bullmq';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/engines.job.js';
import { caught, closeAfterwards } from '../helpers.js';
import { noRedis, Redis } from './redis.js';

describe.skipIf(noRedis)(`Redis is away${noRedis ? ` (${noRedis})` : ''}`, () => {
  const make = (connection: string, role: 'both' | 'producer') =>
    closeAfterwards(new BullMQJobQueue({ connection, name: 'away', jobs: [echo], role, threads: 1, spareThreads: 0, logger: false }));

  test.each(['both', 'producer'] as const)('a queue (%s) closes all the same, and who waits is told', async (role) => {
    const redis = await Redis.start();
    const queue = make(redis.url, role);
    await queue.ready();
    await queue.pause();
    const added = await queue.add(echo, 1);
    const result = caught(added.result());
    await redis.stop();
    expect(await queue.close({ timeout: 100 })).toEqual({ unfinished: [] });
    expect(await result).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
  });

  test('a queue that never reached it closes, too, and what was asked of it is refused', async () => {
    const queue = make('redis://127.0.0.1:1', 'both');
    const asked = [queue.add(echo, 1), queue.run(echo, 1), queue.addBulk(echo, [1])].map(caught);
    expect(await queue.close({ timeout: 100 })).toEqual({ unfinished: [] });
    expect(await Promise.all(asked)).toMatchObject(Array(3).fill({ code: 'ERR_QUEUE_CLOSED' }));
  });
});

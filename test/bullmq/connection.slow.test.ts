import { Redis as Client } from 'ioredis';
import { BullMQJobQueue, type BullMQJobQueueOptions } from 'threadmill/bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echo } from '../fixtures/engines.job.js';
import { closeAfterwards } from '../helpers.js';
import { noRedis, Redis } from './redis.js';

describe.skipIf(noRedis)(`the connection of a BullMQJobQueue${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  const make = (options: Pick<BullMQJobQueueOptions, 'connection' | 'name' | 'prefix' | 'role'>) =>
    closeAfterwards(new BullMQJobQueue({ threads: 1, spareThreads: 0, logger: false, jobs: [echo], ...options }));
  const keys = (database: number) => redis.ask('-n', String(database), '--raw', 'KEYS', '*');

  it('may be a client of ioredis: its options are used, and it stays the open one of who made it', async () => {
    const client = new Client({ port: redis.port, db: 1, maxRetriesPerRequest: 5 });
    try {
      const queue = make({ connection: client, name: 'client' });
      expect(await queue.run(echo, 'through a client')).toBe('through a client');
      await queue.close();
      expect([client.status, client.options.maxRetriesPerRequest, await client.ping()]).toEqual(['ready', 5, 'PONG']);
      expect(await client.keys('bull:client:*')).not.toEqual([]);
      expect(await keys(0)).not.toContain('bull:client');
    } finally {
      client.disconnect();
    }
  });

  it('may be options of ioredis', async () => {
    const queue = make({ connection: { host: '127.0.0.1', port: redis.port, db: 2 }, name: 'options' });
    expect(await queue.run(echo, 'by options')).toBe('by options');
    expect(await keys(2)).toContain('bull:options:');
  });

  it('keeps queues of one name and different prefixes apart, and all keys below the prefix', async () => {
    const connection = { host: '127.0.0.1', port: redis.port, db: 3 };
    const [one, other] = ['one', 'other'].map((prefix) => make({ connection, name: 'same', prefix, role: 'producer' }));
    const job = await one.add(echo, 1);
    expect(await other.getJob(job.id)).toBe(undefined);
    expect([(await one.stats()).counts.waiting, (await other.stats()).counts.waiting]).toEqual([1, 0]);

    make({ connection, name: 'same', prefix: 'one', role: 'worker' });
    expect(await job.result()).toBe(1);
    const cancelled = await other.add(echo, 2, { delay: 60_000 });
    await cancelled.cancel();
    const all = (await keys(3)).split('\n').filter((key) => key !== '');
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter((key) => !/^(one|other):same:/.test(key))).toEqual([]);
  });
});

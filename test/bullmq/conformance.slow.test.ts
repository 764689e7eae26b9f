import { BullMQJobQueue } from 'threadmill/bullmq';
import { createTestQueue } from 'threadmill/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import { closeAfterwards, makeQueue } from '../helpers.js';
import { conforms } from './conformance.js';
import { noRedis, Redis } from './redis.js';

conforms({ name: 'JobQueue', make: (jobs) => makeQueue({ jobs, threads: 2 }) });

conforms({
  name: 'a test queue, with threads',
  make: (jobs) => closeAfterwards(createTestQueue({ mode: 'threads', jobs, threads: 2, spareThreads: 0 })),
});

describe.skipIf(noRedis)(`on Redis${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: Redis;
  let made = 0;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  conforms({
    name: 'BullMQJobQueue',
    make: (jobs) =>
      closeAfterwards(
        new BullMQJobQueue({ connection: redis.url, name: `queue-${++made}`, jobs, threads: 2, spareThreads: 0, logger: false }),
      ),
  });
});

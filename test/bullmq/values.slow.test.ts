import { BullMQJobQueue } from 'threadmill/bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { echo } from '../fixtures/engines.job.js';
import { arrives } from '../fixtures/superjson.job.js';
import { caught, closeAfterwards } from '../helpers.js';
import { noRedis, Redis } from './redis.js';

const circle: { self?: unknown } = {};
circle.self = circle;

describe.skipIf(noRedis)(`values that JSON cannot hold, on Redis${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: Redis;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  const make = (name: string, role: 'producer' | 'worker') =>
    closeAfterwards(
      new BullMQJobQueue({ connection: redis.url, name, role, threads: 1, spareThreads: 0, logger: false, jobs: [echo, arrives] }),
    );

  it('are refused at add, by their path and kind, and nothing is added', async () => {
    const queue = make('refused', 'producer');
    const unsafe: [unknown, string][] = [
      [new Date(0), 'is a Date'],
      [new Map([['a', 1]]), 'is a Map'],
      [new Set([1]), 'is a Set'],
      [1n, 'is a bigint'],
      [undefined, 'is undefined'],
      // It was cloned before it is looked at.
      [Buffer.from('x'), 'is a Uint8Array'],
      [new Uint8Array(1), 'is a Uint8Array'],
      [new ArrayBuffer(1), 'is a ArrayBuffer'],
      [circle, '.self is a circle: it holds itself'],
    ];
    for (const [value, what] of unsafe) {
      const message = expect.stringMatching(new RegExp(`input\\.deep\\[0\\] ?${what.replace('.', '\\.')}`));
      expect(await caught(queue.add(echo, { deep: [value] }))).toMatchObject({ code: 'ERR_NOT_CLONEABLE', message });
      expect(await caught(queue.addBulk(echo, [1, { deep: [value] }]))).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    }
    expect((await queue.stats()).counts.waiting).toBe(0);
  });

  it('pass with superjson, into the thread of another process and back, and stand in Redis as JSON', async () => {
    const producer = make('passed', 'producer');
    const input = {
      date: new Date(5),
      map: new Map([['a', { at: new Date(6) }]]),
      set: new Set([1, 2]),
      big: 2n ** 70n,
      none: undefined,
      pattern: /x/g,
      nan: Number.NaN,
      text: 'as it is',
    };
    const job = await producer.add(arrives, input);
    expect((await producer.getJob(job.id))?.input).toEqual(input);
    make('passed', 'worker');
    expect(await job.result()).toEqual({
      input,
      kinds: {
        date: 'Date',
        map: 'Map',
        set: 'Set',
        big: 'BigInt',
        none: 'Undefined',
        pattern: 'RegExp',
        nan: 'Number',
        text: 'String',
      },
    });
    const data = await redis.ask('HGET', `bull:passed:${job.id}`, 'data');
    expect(JSON.parse(data).input).toMatchObject({ json: { text: 'as it is', big: String(2n ** 70n) } });
  });
});

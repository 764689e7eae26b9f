import { channel } from 'node:diagnostics_channel';
import { defineJob, type QueueLogger } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { bytes, echo } from '../fixtures/answers.job.js';
import { culprit } from '../fixtures/culprit.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, EVENTS, expectBalanced, makeQueue, next, until, variant } from '../helpers.js';
import { works } from './bench.js';

/** What is hard to show, when it is thrown. */
const THROWN = [
  new Error('an error'),
  null,
  undefined,
  'text',
  Symbol('sign'),
  Object.create(null),
  { toString: 1, valueOf: 1 },
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('trap');
      },
    },
  ),
];
const NAMES = [
  'an error',
  'null',
  'undefined',
  'a text',
  'a symbol',
  'an object without a prototype',
  'an object without a text',
  'a Proxy',
];
const table = THROWN.map((value, index) => [NAMES[index], value] as const);
const fixed = { type: 'fixed', delay: 0 } as const;

function recorder() {
  const lines: string[] = [];
  const note = (_fields: object, message?: string) => void lines.push(message ?? '');
  return { lines, logger: { trace: note, debug: note, info: note, warn: note, error: note } satisfies QueueLogger };
}

describe('code of the user on the main side that throws changes no outcome', () => {
  test.each(table)('a listener of every event, throwing %s', async (_name, value) => {
    const { lines, logger } = recorder();
    const queue = makeQueue({ logger, deadLetters: { alertAt: 1, max: 1 } });
    for (const event of EVENTS) {
      queue.on(event, () => {
        throw value;
      });
    }
    expect(await queue.run(echo, 1)).toBe(1);
    expect((await caught(queue.run(culprit, { does: 'throw an Error' }, { deadLetter: true }))).message).toBe('boom');
    await caught(queue.run(culprit, { does: 'exit 3' }, { deadLetter: true }));
    await caught(queue.run(culprit, { does: 'loop' }, { maxAttempts: 2, backoff: fixed, deadLetter: true }));
    queue.pause();
    (await queue.add(echo, 2, { delay: 10_000 })).cancel();
    queue.resume();
    expectBalanced(queue);
    for (const event of [
      'added',
      'active',
      'completed',
      'failed',
      'retrying',
      'thread-killed',
      'evicted',
      'dead-letter-alert',
      'cancelled',
      'paused',
      'drained',
    ]) {
      expect(lines).toContain(`a listener of "${event}" failed`);
    }
  });

  test.each(table)('a backoff function, throwing %s', async (_name, value) => {
    const { lines, logger } = recorder();
    const queue = makeQueue({ logger });
    const backoff = () => {
      throw value;
    };
    const job = await queue.add(culprit, { does: 'throw an Error' }, { maxAttempts: 2, backoff });
    const [, error, delay] = await next(queue, 'retrying');
    expect(error).toMatchObject({ message: 'boom' });
    expect(delay).toBeGreaterThan(0);
    expect(lines.join()).toMatch(/backoff function of job "culprit" failed; the default is used/);
    job.cancel();
  });

  test.each<unknown>([Number.NaN, -1, Number.POSITIVE_INFINITY, 'soon', undefined, null, {}, { toString: 1, valueOf: 1 }])(
    'a backoff function that returns %j',
    async (delay) => {
      const queue = makeQueue({ logger: recorder().logger });
      const job = await queue.add(culprit, { does: 'throw an Error' }, { maxAttempts: 2, backoff: (() => delay) as never });
      expect((await next(queue, 'retrying'))[2]).toBeGreaterThan(0);
      job.cancel();
    },
  );

  test.each(table)('a logger, throwing %s', async (_name, value) => {
    const broken = () => {
      throw value;
    };
    const queue = makeQueue({ logger: { trace: broken, debug: broken, info: broken, warn: broken, error: broken } });
    expect(await queue.run(echo, 1)).toBe(1);
    await caught(queue.run(culprit, { does: 'exit 3' }));
    await works(queue);
  });

  test.each(table)('a cancel reason that is %s', async (_name, value) => {
    const queue = makeQueue();
    queue.pause();
    const job = await queue.add(echo, 1);
    expect(job.cancel(value)).toBe(true);
    expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED' });
    const controller = new AbortController();
    const other = await queue.add(echo, 1, { signal: controller.signal });
    controller.abort(value);
    expect(await caught(other.result())).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test.each(table)('a schema, throwing or rejecting with %s', async (_name, value) => {
    const queue = makeQueue();
    for (const validate of [
      () => Promise.reject(value),
      () => {
        throw value;
      },
    ]) {
      const input = { '~standard': { version: 1, vendor: 'test', validate } } as never;
      const job = defineJob({ name: 'sum', module: sum.module, input, run: () => 1 });
      // What the schema threw, as it is.
      const rejected = queue.add(job, 1 as never).then(
        () => expect.unreachable(),
        (reason: unknown) => ({ reason }),
      );
      expect(Object.is((await rejected).reason, value)).toBe(true);
    }
    expect(queue.stats().totals.added).toBe(0);
    await works(queue);
  });

  test('a metric that reads stats() at every event sees counts that add up', async () => {
    const queue = makeQueue();
    let looks = 0;
    const wrong: unknown[] = [];
    const look = () => {
      looks++;
      const { counts, totals } = queue.stats();
      const living = totals.added + totals.replayed - totals.completed - totals.failed - totals.cancelled;
      if (counts.waiting + counts.delayed + counts.active !== living) wrong.push({ counts, totals });
    };
    for (const event of EVENTS) queue.on(event, look);
    const seen = () => looks++;
    channel('threadmill:completed').subscribe(seen);
    await Promise.all(['nothing', 'throw an Error', 'exit 3', 'loop'].map((does) => queue.run(culprit, { does }).catch(() => {})));
    channel('threadmill:completed').unsubscribe(seen);
    expect(wrong).toEqual([]);
    expect(looks).toBeGreaterThan(12);
  });
});

describe('inputs', () => {
  test('what is changed after add does not change the job', async () => {
    const queue = makeQueue();
    queue.pause();
    const input = { a: 1, b: 2 };
    const job = await queue.add(sum, input);
    input.a = 100;
    queue.resume();
    expect(await job.result()).toEqual({ total: 3 });
  });

  test('keys called __proto__ and constructor are keys', async () => {
    const odd = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2},"view":0}');
    odd.view = Buffer.from('small');
    const back = (await makeQueue().run(echo, odd, { metadata: odd, idempotencyKey: '__proto__' })) as object;
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value).toEqual({ polluted: 1 });
    expect(Object.getOwnPropertyDescriptor(back, 'constructor')?.value).toEqual({ prototype: 2 });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each(['constructor', 'toString', 'hasOwnProperty'])('a job may be called %s', async (name) => {
    const queue = makeQueue();
    expect((await caught(queue.run(variant(echo, { name }), 1))).code).toBe('ERR_MODULE');
    expect(queue.stats().byName[name]?.totals.failed).toBe(1);
  });

  test.each([
    ['an ArrayBuffer', (buffer: ArrayBuffer) => buffer],
    ['a view on one', (buffer: ArrayBuffer) => new Uint8Array(buffer)],
    ['a view deep inside', (buffer: ArrayBuffer) => ({ list: [new DataView(buffer)] })],
  ])('what was transferred before is refused by add: %s', async (_name, make) => {
    const buffer = new ArrayBuffer(8);
    const input = make(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    const error = await caught(makeQueue().add(echo, input));
    expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', message: expect.stringMatching(/^input.* detached ArrayBuffer/) });
  });

  test('empty buffers are fine', async () => {
    expect(await makeQueue().run(echo, [new ArrayBuffer(0), new Uint8Array(0)])).toEqual([new ArrayBuffer(0), new Uint8Array(0)]);
  });

  test('a small Buffer does not drag its pool along', async () => {
    const small = Buffer.from('small');
    expect(small.buffer.byteLength).toBeGreaterThan(5);
    expect(await makeQueue().run(bytes, small)).toEqual({ text: 'small', whole: 5, type: 'Uint8Array' });
  });

  test('a Map whose key has no text is a Map', async () => {
    const key = { toString: 1, valueOf: 1 };
    expect(await makeQueue().run(echo, new Map([[key, 1]]))).toEqual(new Map([[key, 1]]));
  });
});

describe('a main thread that was blocked', () => {
  test('kills nothing that had finished meanwhile, and its limits are right afterwards', async () => {
    const queue = makeQueue({ threads: 2 });
    await queue.ready();
    const killed: unknown[] = [];
    queue.on('thread-killed', (event) => void killed.push(event));
    const short = variant(culprit, { timeout: 200, maxAttempts: 1 });
    const jobs = await queue.addBulk(
      short,
      [...Array(8).keys()].map((value) => ({ does: 'nothing', value })),
    );
    await next(queue, 'active');
    const until2 = performance.now() + 1_500;
    while (performance.now() < until2);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(killed).toEqual([]);
    expect((await caught(queue.run(short, { does: 'loop' }))).code).toBe('ERR_TIMEOUT');
    await until(() => queue.stats().threads.busy === 0);
  });
});

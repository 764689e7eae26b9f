import { setImmediate as turn } from 'node:timers/promises';
import { QueueClosedError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, expectBalanced, makeQueue, variant } from '../helpers.js';

/** So many that they cannot come in at once: the schema alone takes its time. */
const MANY = 3_000;
const numbers = (count = MANY) => Array.from({ length: count }, (_, n) => n);

/** Takes a fiftieth of a millisecond for each input. */
const slow = variant(echo, {
  input: {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => {
        const until = performance.now() + 0.02;
        while (performance.now() < until);
        return { value };
      },
    },
  },
} as never);

const takes = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

describe('a large bulk', () => {
  test('lets others have their turn while it is checked, and while it comes in', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    let turns = 0;
    let checking = 0;
    let done = false;
    const count = () => {
      turns++;
      if (queue.stats().counts.waiting === 0) checking++;
      if (!done) setImmediate(count);
    };
    queue.on('added', () => takes(0.02));
    setImmediate(count);
    const jobs = await queue.addBulk(slow, numbers());
    done = true;
    expect(checking).toBeGreaterThan(3);
    expect(turns - checking).toBeGreaterThan(3);
    expect(jobs.map(({ input }) => input)).toEqual(numbers());
    expect(queue.stats().counts.waiting).toBe(MANY);
  });

  test('is in whole when a listener closes the queue that closes meanwhile: that is the same close', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    queue.on('added', () => takes(0.02));
    const bulk = queue.addBulk(echo, numbers());
    while (queue.stats().counts.waiting === 0) await turn();
    let inner: ReturnType<typeof queue.close> | undefined;
    queue.once('added', () => {
      inner = queue.close();
    });
    const outer = queue.close({ drain: 'none' });
    expect(inner).toBe(outer);
    expect((await outer).unfinished).toHaveLength(MANY);
    expect(await bulk).toHaveLength(MANY);
  });

  test('is in whole when the queue closes meanwhile: all of it is handed back', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    queue.on('added', () => takes(0.02));
    const bulk = queue.addBulk(echo, numbers());
    while (queue.stats().counts.waiting === 0) await turn();
    expect(queue.stats().counts.waiting).toBeLessThan(MANY);
    const closed = queue.close({ drain: 'none' });
    const jobs = await bulk;
    expect((await closed).unfinished.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    expect(await caught(jobs[MANY - 1].result())).toBeInstanceOf(QueueClosedError);
  });

  test('is in whole when a listener closes the queue', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    let closed: ReturnType<typeof queue.close> | undefined;
    queue.on('added', () => {
      closed ??= queue.close({ drain: 'none' });
    });
    const jobs = await queue.addBulk(echo, numbers(50));
    expect(jobs.map(({ input }) => input)).toEqual(numbers(50));
    expect((await closed)?.unfinished).toHaveLength(50);
  });

  test('is cancelled whole when its signal is aborted while it comes in', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    const controller = new AbortController();
    queue.on('added', () => takes(0.02));
    const bulk = queue.addBulk(echo, numbers(), { signal: controller.signal });
    while (queue.stats().counts.waiting === 0) await turn();
    controller.abort('enough');
    const jobs = await bulk;
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['cancelled']));
    expect(jobs).toHaveLength(MANY);
    expectBalanced(queue);
  });

  test('of which one input is wrong leaves nothing, however late that is found', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    const error = await caught(queue.addBulk(slow, [...numbers(), () => {}] as unknown[]));
    expect(error.message).toContain(`inputs[${MANY}] is a function`);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('counts as waiting from the moment it is accepted', async () => {
    const queue = makeQueue({ maxWaiting: MANY, whenFull: 'reject' });
    queue.pause();
    queue.on('added', () => takes(0.02));
    const bulk = queue.addBulk(echo, numbers());
    while (queue.stats().counts.waiting === 0) await turn();
    expect(await caught(queue.add(echo, 'beyond'))).toHaveProperty('code', 'ERR_QUEUE_FULL');
    await bulk;
  });

  test('tells drained once, when the last of it has ended', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY, threads: 2 });
    let drained = 0;
    queue.on('drained', () => drained++);
    queue.on('added', () => takes(0.02));
    const jobs = await queue.addBulk(echo, numbers());
    await Promise.all(jobs.map((job) => job.result()));
    await turn();
    expect(drained).toBe(1);
  });
});

test.each([[undefined], [5], [null], [{ length: 2 }]])('a bulk of %j is refused: it is no iterable', async (inputs) => {
  const error = await caught(makeQueue().addBulk(echo, inputs as never));
  expect(error).toMatchObject({ code: 'ERR_OPTIONS' });
  expect(error.message).toMatch(/^addBulk\(echo\): expected an iterable of inputs, given /);
});

import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { TestQueue } from '../../dist/testing/index.js';
import { echo } from '../fixtures/answers.job.js';
import { limited } from '../fixtures/put-off.job.js';
import { takes } from '../fixtures/takes.job.js';
import { caught, makeQueue, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

afterEach(() => {
  delete (globalThis as any).testClock;
});

function inline(threads: number) {
  const queue = makeTestQueue({ mode: 'inline', threads });
  (globalThis as any).testClock = queue.clock;
  return queue;
}

test('nothing is waited for on an idle queue', () => {
  const queue = makeQueue();
  expect(queue.estimateWait()).toBe(0);
  expect(queue.estimateWait(echo)).toBe(0);
});

test.each([1, 2, 4])('within a factor of 1.5 of the real wait at steady load, %i threads', async (threads) => {
  const queue = inline(threads);
  const done = queue.addBulk(
    takes,
    Array.from({ length: 20 }, () => ({ ms: 100 })),
  );
  await queue.clock.advance(100 * 20);
  await done;
  let checked = 0;
  for (let round = 0; round < 10; round++) {
    await queue.addBulk(
      takes,
      Array.from({ length: threads * 3 }, () => ({ ms: 100 })),
    );
    await queue.clock.advance(37 + round);
    const estimated = queue.estimateWait(takes);
    const job = await queue.add(takes, { ms: 100 });
    const added = queue.clock.now();
    while (job.state === 'waiting') await queue.clock.advance(1);
    const waited = queue.clock.now() - added;
    expect(estimated).toBeLessThanOrEqual(waited * 1.5);
    expect(estimated).toBeGreaterThanOrEqual(waited / 1.5);
    checked++;
    await turn();
  }
  expect(checked).toBe(10);
});

test('of a definition: its limits, and only what is not behind it', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  const serial = variant(takes, { name: 'takes', concurrency: 1 });
  const urgent = variant(echo, { name: 'urgent', priority: 9 });
  (globalThis as any).testClock = queue.clock;
  const first = await queue.add(serial, { ms: 100 });
  const draining = queue.drain();
  await turn();
  await queue.clock.advance(100);
  await draining;
  expect(first.state).toBe('completed');
  await queue.addBulk(
    serial,
    Array.from({ length: 10 }, () => ({ ms: 100 })),
  );
  expect(queue.estimateWait(serial)).toBe(1_000);
  expect(queue.estimateWait()).toBe(1_000);
  expect(queue.estimateWait(urgent)).toBe(0);
});

test('what is paused, or at its limit, is not before others', async () => {
  const queue = inline(2);
  const [paused, serial] = [variant(takes, { name: 'paused' }), variant(takes, { name: 'serial', concurrency: 1 })];
  await queue.add(takes, { ms: 100 });
  await queue.clock.advance(100);
  queue.pause(paused);
  await queue.addBulk(paused, [{ ms: 100 }, { ms: 100 }, { ms: 100 }]);
  await queue.addBulk(serial, [{ ms: 100 }, { ms: 100 }, { ms: 100 }]);
  await queue.clock.advance(10);
  expect(queue.estimateWait(takes)).toBe(0);
  expect(queue.estimateWait(serial)).toBeGreaterThan(200);
});

test('a definition that has not run yet takes what the others take on average; where none has, nothing is known', async () => {
  const queue = inline(1);
  const named = (name: string) => variant(takes, { name });
  const [quick, slow, fresh] = [named('quick'), named('slow'), named('fresh')];
  queue.pause();
  const first = [await queue.add(quick, { ms: 100 }), await queue.add(slow, { ms: 300 })];
  expect(queue.estimateWait(fresh)).toBe(0);
  queue.resume();
  await queue.clock.advance(400);
  expect(first.map(({ state }) => state)).toEqual(['completed', 'completed']);
  queue.pause();
  await queue.addBulk(fresh, [{ ms: 1 }, { ms: 1 }, { ms: 1 }]);
  expect(queue.estimateWait(fresh)).toBe(3 * 200);
});

test('a QueueFullError says when to come again', async () => {
  const queue = makeQueue({ maxWaiting: 2, whenFull: 'reject' });
  await queue.run(echo, 1);
  queue.pause();
  await queue.addBulk(echo, [1, 2]);
  const error = await caught(queue.add(echo, 3));
  expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', jobName: 'echo', retryAfter: queue.estimateWait(echo) });
  expect(error.retryAfter).toBeGreaterThan(0);
});

describe('where there are groups', () => {
  const tenants = (group: object = {}, rest: object = {}) => variant(takes, { group: { key: ({ tenant }) => tenant, ...group }, ...rest });
  const jobs = (tenant: string, count: number) => Array.from({ length: count }, () => ({ ms: 100, tenant }));

  /** What a job is told, and what it waits. */
  async function waitOf(queue: TestQueue, definition: typeof takes, tenant: string): Promise<[estimated: number, waited: number]> {
    const estimated = queue.estimateWait(definition, { group: tenant });
    const job = await queue.add(definition, { ms: 100, tenant });
    const added = queue.clock.now();
    await queue.clock.advance(0);
    while (job.state === 'waiting') await queue.clock.advance(1);
    return [estimated, queue.clock.now() - added];
  }
  async function warm(queue: TestQueue, definition: typeof takes): Promise<void> {
    await queue.addBulk(definition, jobs('warm', 5));
    await queue.clock.advance(60_000);
  }

  test('by the turns of its group, not by what all others have', async () => {
    const queue = inline(2);
    const definition = tenants();
    await warm(queue, definition);
    await queue.addBulk(definition, jobs('flood', 1_000));
    await queue.addBulk(definition, jobs('other', 3));
    await queue.clock.advance(50);
    for (const tenant of ['new', 'other', 'new']) {
      const [estimated, waited] = await waitOf(queue, definition, tenant);
      expect(estimated, tenant).toBeLessThanOrEqual(Math.max(waited, 50) * 1.5);
      expect(estimated, tenant).toBeGreaterThanOrEqual(waited / 1.5);
      expect(waited).toBeLessThan(1_000);
    }
    expect(queue.estimateWait(definition)).toBeLessThan(200);
    expect(queue.estimateWait(definition, { group: 'flood' })).toBeGreaterThan(40_000);
    expect(queue.estimateWait()).toBeGreaterThan(40_000);
  });

  test('behind all jobs of a higher priority, whichever group they are of', async () => {
    const queue = inline(2);
    const definition = tenants();
    await warm(queue, definition);
    const urgent = variant(definition, { name: 'urgent', priority: 1 });
    await queue.addBulk(urgent, [...jobs('a', 20), ...jobs('b', 20)]);
    await queue.addBulk(definition, jobs('a', 20));
    const [estimated, waited] = await waitOf(queue, definition, 'new');
    expect(waited).toBeGreaterThanOrEqual(2_000);
    expect(estimated).toBeLessThanOrEqual(waited * 1.5);
    expect(estimated).toBeGreaterThanOrEqual(waited / 1.5);
  });

  test.each([
    ['concurrency', { concurrency: 1 }],
    ['rateLimit', { rateLimit: { max: 2, duration: 1_000 } }],
  ])('by the limits of its group: %s', async (_what, group) => {
    const queue = inline(4);
    const definition = tenants(group);
    await warm(queue, definition);
    await queue.addBulk(definition, jobs('a', 10));
    await queue.clock.advance(50);
    const [estimated, waited] = await waitOf(queue, definition, 'a');
    expect(waited).toBeGreaterThan(500);
    expect(estimated).toBeLessThanOrEqual(waited * 1.5);
    expect(estimated).toBeGreaterThanOrEqual(waited / 1.5);
    // A group at its limit is not before others: threads are free for them.
    expect(await waitOf(queue, definition, 'b')).toEqual([0, 0]);
  });

  test('a paused definition takes no turns, whichever groups its jobs are of', async () => {
    const queue = inline(1);
    const [paused, definition] = [tenants({}, { name: 'paused' }), tenants()];
    await warm(queue, definition);
    queue.pause(paused);
    await queue.addBulk(paused, Array.from({ length: 20 }, (_, n) => jobs(`p${n}`, 1)).flat());
    await queue.addBulk(definition, jobs('flood', 20));
    const [estimated, waited] = await waitOf(queue, definition, 'new');
    expect(waited).toBe(200);
    expect(estimated).toBeLessThanOrEqual(waited * 1.5);
  });

  test('what others are told to wait for is not before it', async () => {
    const queue = inline(2);
    const [paused, limited] = [tenants({}, { name: 'paused' }), tenants({}, { name: 'limited', concurrency: 1 })];
    const definition = tenants();
    await warm(queue, definition);
    queue.pause(paused);
    await queue.addBulk(paused, jobs('p', 100));
    await queue.addBulk(limited, jobs('l', 100));
    await queue.clock.advance(50);
    expect(await waitOf(queue, definition, 'a')).toEqual([0, 0]);
    expect(queue.estimateWait(limited, { group: 'l' })).toBeGreaterThan(9_000);
  });
});

test('a definition that was told to wait is estimated to wait for that', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  await queue.add(limited, { counter: new SharedArrayBuffer(4), ms: 5_000 });
  await queue.drain();
  await queue.clock.advance(1_000);
  expect(queue.estimateWait(limited)).toBe(4_000);
  expect(queue.estimateWait(echo)).toBe(0);
});

test('a rate limit that is reached is estimated by when its places are free', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  const twice = variant(echo, { rateLimit: { max: 2, duration: 1_000 } });
  await queue.addBulk(twice, [1, 2]);
  await queue.drain();
  await queue.clock.advance(400);
  expect(queue.estimateWait(twice)).toBe(600);
  await queue.addBulk(twice, [3, 4, 5]);
  expect(queue.estimateWait(twice)).toBe(1_600);
});

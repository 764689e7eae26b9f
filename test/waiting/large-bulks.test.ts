import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';

const many = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('a bulk larger than maxWaiting', () => {
  test('does not wait for a delayed job, nor do those behind it', async () => {
    const queue = makeQueue({ maxWaiting: 3 });
    const delayed = await queue.add(echo, 'later', { delay: 60_000 });
    const bulk = await queue.addBulk(echo, many(4));
    const behind = await queue.add(echo, 'behind');
    expect(await Promise.all(bulk.map((job) => job.result()))).toEqual([0, 1, 2, 3]);
    expect(await behind.result()).toBe('behind');
    expect(delayed.state).toBe('delayed');
  });

  test('does not wait for a paused job', async () => {
    const queue = makeQueue({ maxWaiting: 3 });
    queue.pause();
    await queue.add(echo, 'paused');
    expect(await queue.addBulk(echo, many(4))).toHaveLength(4);
  });

  test('waits where there is no room at all, so that their number is bounded', async () => {
    const queue = makeQueue({ maxWaiting: 3 });
    queue.pause();
    await queue.addBulk(echo, many(4), { delay: 60_000 });
    let entered = false;
    const second = queue.addBulk(echo, many(4), { delay: 60_000 }).then((jobs) => {
      entered = true;
      return jobs;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    for (const job of queue.list('delayed').slice(0, 2)) job.cancel();
    expect(await second).toHaveLength(4);
  });

  test('waits where just as many wait as may', async () => {
    const queue = makeQueue({ maxWaiting: 3 });
    queue.pause();
    const [first] = await queue.addBulk(echo, many(3));
    const bulk = queue.addBulk(echo, many(4));
    await turn();
    expect(queue.stats().totals.added).toBe(3);
    first?.cancel();
    expect(await bulk).toHaveLength(4);
  });

  test('is refused whole where whenFull is reject', async () => {
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    queue.pause();
    expect(await caught(queue.addBulk(echo, many(4)))).toHaveProperty('code', 'ERR_QUEUE_FULL');
  });
});

test('a bulk of nothing needs no room', async () => {
  const queue = makeQueue({ maxWaiting: 1 });
  queue.pause();
  await queue.add(echo, 1);
  expect(await queue.addBulk(echo, [])).toEqual([]);
});

describe('deadLetters.alertAt', () => {
  test('above max is refused: it would never come', () => {
    const error = thrownBy(() => makeQueue({ deadLetters: { max: 5, alertAt: 6 } }));
    expect(error.code).toBe('ERR_OPTIONS');
    expect(error.message).toMatch(/"deadLetters.alertAt": expected at most max \(5\).*given 6/);
  });

  test('is max where that is less than its default', async () => {
    const queue = makeQueue({ deadLetters: { max: 2 } });
    const sizes: number[] = [];
    queue.on('dead-letter-alert', (_, size) => void sizes.push(size));
    const { flaky } = await import('../fixtures/answers.job.js');
    for (const failures of [1, 1, 1]) await caught(queue.run(flaky, { failures }, { deadLetter: true }));
    expect(sizes).toEqual([2]);
  });
});

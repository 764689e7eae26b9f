import { setImmediate as turn } from 'node:timers/promises';
import { OptionsError, QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { held, share, shared, strict } from '../fixtures/tenants.job.js';
import { caught, makeGate, makeQueue, next, thrownBy, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const of = (tenant: string, count: number) => Array.from({ length: count }, (_, n) => ({ tenant, n }));
const paused = (whenFull: 'wait' | 'reject') => {
  const queue = makeQueue({ whenFull });
  queue.pause();
  return queue;
};

describe('group.maxWaiting, where a full queue refuses', () => {
  test('refuses the group that is over its share, and nobody else', async () => {
    const queue = paused('reject');
    await queue.addBulk(share, of('a', 2));
    const error = await caught(queue.add(share, { tenant: 'a', n: 2 }));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', group: 'a', jobName: 'share' });
    expect(error.message).toMatch(/^2 jobs of the group "a" wait, and 1 more would be over group\.maxWaiting \(2\) of job "share"/);
    await queue.addBulk(share, of('b', 2));
    await queue.addBulk(shared, of('a', 5));
    expect(queue.stats().byName.share.counts.waiting).toBe(4);
  });

  test('counts delayed jobs, and makes room when one is cancelled, replayed or handed back', async () => {
    const queue = paused('reject');
    const [first] = await queue.addBulk(share, of('a', 1), { delay: 60_000 });
    await queue.add(share, { tenant: 'a', n: 1 }, { delay: 60_000 });
    expect(await caught(queue.add(share, { tenant: 'a', n: 2 }))).toBeInstanceOf(QueueFullError);
    first.cancel();
    await queue.add(share, { tenant: 'a', n: 3 });
    expect(await caught(queue.add(share, { tenant: 'a', n: 4 }))).toBeInstanceOf(QueueFullError);
    expect(queue.cancel({ group: 'a' })).toBe(2);
    await queue.addBulk(share, of('a', 2));
  });

  test('jobs that have ended and are forgotten make no more room than there was', async () => {
    const queue = makeQueue({ whenFull: 'reject', keepCompleted: 0 });
    await queue.addBulk(share, of('a', 2));
    await queue.idle();
    queue.pause();
    await queue.addBulk(share, of('a', 2));
    expect(await caught(queue.add(share, { tenant: 'a', n: 2 }))).toBeInstanceOf(QueueFullError);
  });

  test('two bulks that wait for the same groups, named in another order, do not wait for each other', async () => {
    const queue = paused('wait');
    const one = variant(share, { group: { key: ({ tenant }) => tenant, maxWaiting: 1 } });
    const before = await queue.addBulk(one, [...of('a', 1), ...of('b', 1)]);
    const bulks = [queue.addBulk(one, [...of('a', 1), ...of('b', 1)]), queue.addBulk(one, [...of('b', 1), ...of('a', 1)])];
    await turn();
    for (const job of before) {
      job.cancel();
      await turn();
    }
    for (const job of await (bulks[0] as (typeof bulks)[0])) job.cancel();
    expect(await bulks[1]).toHaveLength(2);
  });

  test('a bulk is refused whole for one of its groups', async () => {
    const queue = paused('reject');
    await queue.addBulk(share, of('b', 1));
    const error = await caught(queue.addBulk(share, [...of('a', 2), ...of('b', 2)]));
    expect(error).toMatchObject({ group: 'b' });
    expect(queue.stats().totals.added).toBe(1);
    await queue.addBulk(share, [...of('a', 2), ...of('b', 1)]);
  });

  test('0: a job of a group runs at once, or not at all', async () => {
    const queue = makeQueue({ whenFull: 'reject', threads: 3 });
    await queue.ready();
    const gate = makeGate();
    const first = queue.run(held, { tenant: 'a', n: 1, gate: gate.memory });
    // In the same turn of the event loop, too.
    expect(await caught(queue.run(held, { tenant: 'a', n: 2, gate: gate.memory }))).toMatchObject({ group: 'a' });
    await next(queue, 'progress');
    expect(await caught(queue.run(held, { tenant: 'a', n: 3, gate: gate.memory }))).toMatchObject({ group: 'a' });
    const other = queue.run(held, { tenant: 'b', n: 4, gate: gate.memory });
    await next(queue, 'progress');
    gate.open();
    expect(await Promise.all([first, other])).toEqual([1, 4]);
    expect(await queue.run(held, { tenant: 'a', n: 5, gate: gate.memory })).toBe(5);
  });

  test('0: threads that others wait for are not free for a group', async () => {
    const queue = makeQueue({ whenFull: 'reject', threads: 1 });
    const gate = makeGate();
    const running = queue.run(held, { tenant: 'a', n: 1, gate: gate.memory });
    await next(queue, 'progress');
    expect(await caught(queue.run(strict, { tenant: 'b', n: 2 }))).toMatchObject({ group: 'b' });
    expect(await caught(queue.add(strict, { tenant: 'b', n: 2 }, { delay: 5 }))).toMatchObject({ group: 'b' });
    gate.open();
    expect(await running).toBe(1);
    await queue.idle();
    const [other, own] = [queue.run(echo, 'takes the thread'), caught(queue.run(strict, { tenant: 'b', n: 3 }))];
    expect([await other, await own]).toMatchObject(['takes the thread', { group: 'b' }]);
    await queue.idle();
    expect(await queue.run(strict, { tenant: 'b', n: 3 })).toBe('b3');
  });

  test('is no limit of the queue, and has its check', async () => {
    expect(thrownBy(() => variant(share, { group: { key: () => 'a', maxWaiting: -1 } }))).toBeInstanceOf(OptionsError);
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    queue.pause();
    await queue.addBulk(share, [...of('a', 2), ...of('b', 1)]);
    const error = await caught(queue.add(share, { tenant: 'b', n: 1 }));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error.group).toBeUndefined();
    expect(error.message).toMatch(/maxWaiting \(3\)/);
  });

  test('says when to come again: by what that group has before', async () => {
    const queue = makeTestQueue({ mode: 'manual', whenFull: 'reject', threads: 1 });
    await queue.addBulk(shared, of('flood', 200));
    queue.pause();
    await queue.addBulk(share, of('a', 2));
    const error = await caught(queue.add(share, { tenant: 'a', n: 2 }));
    expect(error.retryAfter).toBe(queue.estimateWait(share, { group: 'a' }));
  });
});

describe('group.maxWaiting, where adding waits for room', () => {
  test('makes that group wait in its order, and nobody else', async () => {
    const queue = paused('wait');
    await queue.addBulk(share, of('a', 2));
    const order: unknown[] = [];
    const late = [2, 3, 4].map((n) => queue.add(share, { tenant: 'a', n }).then((job) => order.push((job.input as { n: number }).n)));
    await queue.add(share, { tenant: 'b', n: 0 });
    await queue.add(echo, 1);
    await turn();
    expect(order).toEqual([]);
    expect(queue.stats().byName.share.counts.waiting).toBe(3);
    queue
      .list('waiting')
      .find((job) => job.group === 'a')
      ?.cancel();
    await turn();
    expect(order).toEqual([2]);
    queue.resume();
    await Promise.all(late);
    expect(order).toEqual([2, 3, 4]);
    await queue.idle();
    expect(queue.stats().byName.share.totals).toMatchObject({ completed: 5, cancelled: 1 });
  });

  test('lets in who waits for one group when nobody waits for another any more', async () => {
    const queue = paused('wait');
    const first = await queue.addBulk(share, [...of('a', 2), ...of('b', 2)]);
    const [third, fourth] = ['a', 'b'].map((tenant) => queue.add(share, { tenant, n: 2 }));
    first[0]?.cancel();
    await third;
    first[2]?.cancel();
    expect((await fourth)?.group).toBe('b');
  });

  test('who needs less does not pass who waits for more of the same share', async () => {
    const queue = makeQueue();
    queue.pause();
    const wide = variant(share, { group: { key: ({ tenant }: { tenant: string }) => tenant, maxWaiting: 3 } as never });
    const [first] = await queue.addBulk(wide, of('a', 2));
    const order: string[] = [];
    const two = queue.addBulk(wide, of('a', 2)).then(() => order.push('two'));
    await turn();
    const one = queue.add(wide, { tenant: 'a', n: 9 }).then(() => order.push('one'));
    await turn();
    expect(order).toEqual([]);
    first?.cancel();
    await two;
    queue.resume();
    await one;
    expect(order).toEqual(['two', 'one']);
  });

  test('a bulk of several groups waits for all of them, and holds no more than it needs', async () => {
    const queue = paused('wait');
    await queue.addBulk(share, of('b', 2));
    let done = false;
    const bulk = queue.addBulk(share, [...of('a', 1), ...of('b', 1), ...of('c', 1)]).then((jobs) => {
      done = true;
      return jobs;
    });
    await turn();
    await turn();
    await queue.addBulk(share, of('c', 1));
    await queue.addBulk(share, of('a', 1));
    expect(done).toBe(false);
    queue
      .list('waiting')
      .find((job) => job.group === 'b')
      ?.cancel();
    expect(await bulk).toHaveLength(3);
  });

  test('a bulk larger than a share waits as long as the share has none', async () => {
    const queue = paused('wait');
    const [first] = await queue.addBulk(share, of('a', 2));
    let entered = false;
    const bulk = queue.addBulk(share, of('a', 3)).then(() => {
      entered = true;
    });
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(entered).toBe(false);
    first?.cancel();
    await bulk;
  });

  test('a bulk larger than a share enters when the share has room', async () => {
    const queue = makeQueue({ threads: 2 });
    const jobs = await queue.addBulk(strict, of('a', 5));
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
    // With a share of 0, each comes in when the one before has ended.
    expect(await Promise.all(of('a', 3).map((input) => queue.run(strict, input)))).toEqual(['a0', 'a1', 'a2']);
    const outputs = await Promise.all(of('a', 20).map((input) => queue.run(share, input)));
    expect(outputs).toHaveLength(20);
  });

  test('never more wait than the share says, though the queue is full too', async () => {
    const queue = makeQueue({ maxWaiting: 4, threads: 2 });
    let most = 0;
    queue.on('added', (job) => {
      const own = queue.list('waiting').filter(({ group }) => group === job.group);
      most = Math.max(most, own.length);
    });
    const inputs = ['a', 'b', 'c', 'd'].flatMap((tenant) => of(tenant, 30));
    const outputs = await Promise.all(inputs.map((input) => queue.run(share, input)));
    expect(outputs).toEqual(inputs.map(({ tenant, n }) => `${tenant}${n}`));
    // Those that two free threads take at once do not count.
    expect(most).toBeLessThanOrEqual(2 + 2);
    expect(queue.stats().totals.completed).toBe(120);
  });

  test('a signal, and the end of the queue, end the wait', async () => {
    const queue = paused('wait');
    await queue.addBulk(share, of('a', 2));
    const controller = new AbortController();
    const given = caught(queue.add(share, { tenant: 'a', n: 2 }, { signal: controller.signal }));
    const behind = caught(queue.add(share, { tenant: 'a', n: 3 }));
    controller.abort('enough');
    expect(await given).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
    await queue.close({ drain: 'none' });
    expect(await behind).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
  });
});

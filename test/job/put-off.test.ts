import type { Job } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { limited, snoozes, tenant, together } from '../fixtures/put-off.job.js';
import { caught, expectBalanced, history, makeGate, makeQueue, next, until, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const counter = () => new SharedArrayBuffer(4);

describe('snooze', () => {
  test('puts the job off, and spends no attempt', async () => {
    const queue = makeQueue();
    const told = history(queue);
    expect(await queue.run(snoozes, { counter: counter(), times: 3, ms: 1 })).toBe(1);
    const events = told.map(({ event }) => event);
    expect(events.filter((event) => event === 'snoozed' || event === 'active')).toEqual([
      ...['active', 'snoozed', 'active', 'snoozed', 'active', 'snoozed', 'active'],
    ]);
    expect(queue.list('completed')[0]).toMatchObject({ attempt: 1, attempts: [{ number: 1, outcome: 'completed' }] });
    expect(queue.stats().totals).toMatchObject({ snoozed: 3, retried: 0, failed: 0 });
    expectBalanced(queue);
  });

  test('comes back when its time is over, whatever its maxWait was', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const job = await queue.add(snoozes, { counter: counter(), times: 1, ms: 5_000 }, { maxWait: 1_000 });
    await queue.runNext();
    expect(queue.explain(job.id)).toMatchObject({ state: 'delayed', reason: 'snoozed' });
    await queue.clock.advance(4_999);
    expect(job.state).toBe('delayed');
    await queue.drain({ withDelayed: true });
    expect(job).toMatchObject({ state: 'completed', output: 1 });
  });

  test('100 times in a row at most; then it is a failure, and the next attempt counts anew', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const job = await queue.add(snoozes, { counter: counter(), times: 150, ms: 10 });
    await queue.drain({ withDelayed: true, withRetries: true });
    expect(job).toMatchObject({ state: 'completed', output: 2 });
    expect(job.attempts).toMatchObject([{ outcome: 'failed', error: { code: 'ERR_SNOOZE' } }, { outcome: 'completed' }]);
    expect(queue.stats().totals).toMatchObject({ snoozed: 149, retried: 1 });
  });

  test('for no time at all is a failure', async () => {
    const queue = makeTestQueue({ mode: 'inline' });
    expect(await caught(queue.run(snoozes, { counter: counter(), times: 1, ms: -1 }))).toHaveProperty('code', 'ERR_OPTIONS');
  });
});

describe('RateLimitedError', () => {
  test('holds back all jobs of the definition, in their order, and no others', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const shared = counter();
    const [first, second] = await queue.addBulk(limited, [
      { counter: shared, ms: 1_000 },
      { counter: shared, ms: 1_000 },
    ]);
    const other = await queue.add(snoozes, { counter: counter(), times: 0, ms: 0 });
    await queue.drain();
    expect([first.state, second.state, other.state]).toEqual(['waiting', 'waiting', 'completed']);
    expect(queue.explain(first.id)).toMatchObject({ state: 'waiting', reason: 'rate-limit', position: 0 });
    await queue.clock.advance(999);
    await queue.drain();
    expect(first.state).toBe('waiting');
    await queue.clock.advance(1);
    await queue.drain();
    expect([first.output, second.output]).toEqual([1, 1]);
    expect(queue.stats().totals).toMatchObject({ snoozed: 1, retried: 0, failed: 0 });
  });

  test('leaves the limits of the definition as they are', async () => {
    const queue = makeTestQueue({ mode: 'manual', threads: 3 });
    const one = variant(limited, { concurrency: 1 });
    const shared = counter();
    await queue.addBulk(
      one,
      Array.from({ length: 3 }, () => ({ counter: shared, ms: 1_000 })),
    );
    await queue.drain();
    await queue.clock.advance(1_000);
    expect(await queue.runNext()).toBeDefined();
    expect(queue.stats().totals).toMatchObject({ snoozed: 1, completed: 1 });
    await queue.drain();
    expect(queue.stats().totals.completed).toBe(3);
  });

  test('of a job with a group holds back the jobs of that group, and no others', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const shared = counter();
    const jobs = await queue.addBulk(tenant, [
      { tenant: 'a', counter: shared, ms: 1_000 },
      { tenant: 'a', counter: shared },
      { tenant: 'b', counter: shared },
    ]);
    const [first, second, other] = jobs as [Job, Job, Job];
    await queue.drain();
    expect([first.state, second.state, other.state]).toEqual(['waiting', 'waiting', 'completed']);
    expect(queue.explain(second.id)).toMatchObject({ state: 'waiting', reason: 'group-rate-limit' });
    const late = await queue.add(tenant, { tenant: 'a', counter: shared });
    await queue.add(tenant, { tenant: 'c', counter: shared });
    await queue.clock.advance(999);
    expect(await queue.drain()).toMatchObject({ completed: 1 });
    await queue.clock.advance(1);
    const order: Job[] = [];
    queue.on('active', (job) => void order.push(job));
    await queue.drain();
    expect(order.map(({ id }) => id)).toEqual([first.id, second.id, late.id]);
    expect(queue.stats().totals).toMatchObject({ snoozed: 1, retried: 0, failed: 0, completed: 5 });
  });

  test.each(['its definition', 'its group'])('holds until the longest of several is over: %s', async (what) => {
    const queue = makeTestQueue({ mode: 'manual', threads: 2 });
    const definition = variant(together, what === 'its group' ? { group: together.group as never } : {});
    const jobs = await queue.addBulk(
      definition,
      [1_000, 100].map((ms) => ({ tenant: 'a', counter: counter(), ms })),
    );
    await queue.drain();
    expect(queue.stats().totals.snoozed).toBe(2);
    await queue.clock.advance(999);
    await queue.drain();
    expect(jobs.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    await queue.clock.advance(1);
    await queue.drain();
    expect(jobs.map(({ state }) => state)).toEqual(['completed', 'completed']);
  });

  test('is over when the last of several is, for a group that has limits of its own too', async () => {
    const queue = makeTestQueue({ mode: 'manual', threads: 2 });
    const { key } = tenant.group as { key: (input: unknown) => string };
    const grouped = variant(tenant, { group: { key, concurrency: 1 } });
    const job = await queue.add(grouped, { tenant: 'a', counter: counter(), ms: 1_000 });
    await queue.drain();
    await queue.clock.advance(1_000);
    await queue.drain();
    expect(job.state).toBe('completed');
  });

  test.each(['its definition', 'its group'])('takes back what was sent ahead and has not started: %s', async (what) => {
    const queue = makeQueue({ threads: 1 });
    const plain = variant(tenant, what === 'its group' ? { group: tenant.group as never } : {});
    // What it costs is known: so they are sent together.
    for (let n = 0; n < 20; n++) await queue.run(plain, { tenant: 'a' });
    const gate = makeGate();
    // The second starts in the moment before the queue hears of the first, and ends when it has heard.
    queue.on('snoozed', () => gate.open());
    queue.pause();
    const first = await queue.add(plain, { tenant: 'a', counter: counter(), ms: 3_600_000 });
    const second = await queue.add(plain, { tenant: 'b', gate: gate.memory });
    const behind = await queue.addBulk(plain, [{ tenant: 'a' }, { tenant: 'b' }, { tenant: 'a' }]);
    queue.resume();
    await next(queue, 'snoozed');
    const [third, fourth, fifth] = behind as [Job, Job, Job];
    const ready = what === 'its group' ? [second, fourth] : [];
    await Promise.all(ready.map((job) => job.result()));
    await until(() => queue.stats().counts.active === 0);
    expect([first, third, fifth].map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(fourth.state).toBe(what === 'its group' ? 'completed' : 'waiting');
    expect(queue.list('waiting')[0]?.id).toBe(first.id);
  });

  test('crosses from a thread', async () => {
    const queue = makeQueue();
    expect(await queue.run(limited, { counter: counter(), ms: 5 })).toBe(1);
    expect(queue.stats().totals.snoozed).toBe(1);
  });
});

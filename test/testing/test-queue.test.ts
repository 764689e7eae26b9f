import { setImmediate as turn } from 'node:timers/promises';
import { defineJob, OptionsError } from 'threadmill';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createTestClock, createTestQueue } from '../../dist/testing/index.js';
import { caught, history, next, thrownBy, variant } from '../helpers.js';
import * as jobs from './cases.job.js';
import { makeTestQueue } from './queues.js';

const start = Date.UTC(2025, 0, 1);
const manual = (options = {}) => makeTestQueue({ mode: 'manual', ...options });
const inline = (options = {}) => makeTestQueue({ mode: 'inline', ...options });

describe('the options', () => {
  test('are checked, those of the queue too', () => {
    expect(thrownBy(() => createTestQueue({ mode: 'fast' as never })).message).toContain('createTestQueue: option "mode": ');
    expect(thrownBy(() => createTestQueue({ mode: 'threads', seed: 1 })).message).toContain(
      'option "seed": expected none with mode "threads"',
    );
    expect(thrownBy(() => createTestQueue({ mode: 'threads', startTime: 0 })).message).toContain(
      'option "startTime": expected none with mode "threads"',
    );
    expect(thrownBy(() => createTestQueue({ mode: 'manual', startTime: 'soon' })).message).toContain('option "startTime": expected a time');
    expect(thrownBy(() => createTestQueue({ mode: 'manual', thread: 1 } as never))).toBeInstanceOf(OptionsError);
  });
});

describe('mode manual', () => {
  test('says what real threads say of themselves', async () => {
    const queue = manual({ threads: 1 });
    const first = await queue.add(jobs.never, 1);
    const started = next(queue, 'active');
    const ended = queue.runNext();
    await started;
    const second = await queue.add(jobs.echo, 2);
    expect(queue.explain(second.id)).toMatchObject({ state: 'waiting', reason: 'threads-busy' });
    expect(queue.stats().threads).toMatchObject({ size: 1, busy: 1, killed: 0 });
    await queue.clock.advance(60);
    expect([await ended, first.state]).toEqual(['timed-out', 'failed']);
    expect(queue.explain(second.id)).toMatchObject({ state: 'waiting', reason: 'next' });
    expect(queue.stats().threads).toMatchObject({ size: 1, busy: 0, killed: 1 });
  });

  test('keeps jobs until it is told', async () => {
    const queue = manual();
    const first = await queue.add(jobs.echo, 1);
    const second = await queue.add(jobs.throws, 'text');
    await turn();
    expect([first.state, second.state]).toEqual(['waiting', 'waiting']);
    expect(queue.explain(second.id)).toEqual({ state: 'waiting', reason: 'next', position: 1 });
    expect(await queue.runNext()).toBe('completed');
    expect([first.state, second.state]).toEqual(['completed', 'waiting']);
    expect(await queue.runNext()).toBe('failed');
    expect(await queue.runNext()).toBeUndefined();
  });

  test('drains what may run now; with more, what waits for its time', async () => {
    const queue = manual();
    const soon = await queue.add(jobs.echo, 1, { delay: 60_000 });
    const flaky = await queue.add(jobs.flaky, { failures: 1 }, { backoff: { type: 'fixed', delay: 5_000 } });
    const at = await queue.add(jobs.flaky, { failures: 1 }, { backoff: { type: 'fixed', delay: 0 } });
    expect(await queue.drain()).toEqual({ completed: 0, failed: 2, 'timed-out': 0, crashed: 0, cancelled: 0, interrupted: 0 });
    expect([soon.state, flaky.state, at.state, queue.clock.now()]).toEqual(['delayed', 'delayed', 'delayed', start]);
    expect(await queue.drain({ withRetries: true })).toMatchObject({ completed: 2, failed: 0 });
    expect([soon.state, flaky.state, queue.clock.now() - start]).toEqual(['delayed', 'completed', 5_000]);
    expect(await queue.drain({ withDelayed: true })).toMatchObject({ completed: 1 });
    expect(queue.clock.now() - start).toBe(60_000);
  });

  test('runs several attempts at once when several are asked for', async () => {
    const queue = manual();
    const [one, two] = [await queue.add(jobs.never, 1), await queue.add(jobs.never, 2)];
    const outcomes = Promise.all([queue.runNext(), queue.runNext()]);
    await Promise.all([queue.waitFor(one, 'active'), queue.waitFor(two, 'active')]);
    await queue.clock.advance(60);
    expect(await outcomes).toEqual(['timed-out', 'timed-out']);
  });
});

describe('mode inline', () => {
  test('has run a job when add resolves', async () => {
    const queue = inline();
    const order: unknown[] = [];
    queue.on('completed', (job) => void order.push(job.input));
    for (const n of [1, 2, 3]) expect((await queue.add(jobs.double, { n })).state).toBe('completed');
    expect((await queue.addBulk(jobs.echo, [4, 5])).map(({ state }) => state)).toEqual(['completed', 'completed']);
    expect(order).toEqual([{ n: 1, note: 'none' }, { n: 2, note: 'none' }, { n: 3, note: 'none' }, 4, 5]);
    expect(await queue.run(jobs.double, { n: 4 })).toEqual({ doubled: 8, note: 'none' });
  });

  test('runs one job at a time, or as many as there are threads', async () => {
    const queue = inline();
    expect(queue.stats().threads).toMatchObject({ size: 1, busy: 0 });
    const [one, two] = [await queue.add(jobs.never, 1), await queue.add(jobs.never, 2)];
    expect(queue.stats().threads).toMatchObject({ size: 1, busy: 1 });
    expect([one.state, two.state, queue.explain(two.id)]).toMatchObject(['active', 'waiting', { reason: 'threads-busy' }]);
    await queue.clock.advance(60);
    expect([one.state, two.state]).toEqual(['failed', 'active']);
    const wide = inline({ threads: 2 });
    expect((await wide.addBulk(jobs.never, [1, 2])).map(({ state }) => state)).toEqual(['active', 'active']);
  });

  test('retries at once what has no backoff', async () => {
    expect(await inline().run(jobs.flaky, { failures: 3 }, { maxAttempts: 4, backoff: { type: 'fixed', delay: 0 } })).toBe(4);
  });

  test('awaits what a handler awaits of the world', async () => {
    const reads = defineJob({ name: 'reads', module: import.meta.url, input: z.any(), run: () => turn(7) });
    expect(await inline().run(reads, 1)).toBe(7);
  });
});

describe('virtual time', () => {
  test('starts jobs exactly when their delay is over', async () => {
    const queue = manual({ startTime: '2030-05-05T00:00:00Z' });
    const job = await queue.add(jobs.echo, 1, { delay: 1_000 });
    expect([job.addedAt, queue.explain(job.id)]).toEqual([
      Date.UTC(2030, 4, 5),
      { state: 'delayed', reason: 'delay', runAt: Date.UTC(2030, 4, 5, 0, 0, 1) },
    ]);
    await queue.clock.advance(999);
    expect([await queue.runNext(), job.state]).toEqual([undefined, 'delayed']);
    await queue.clock.advance(1);
    expect([job.state, await queue.runNext()]).toEqual(['waiting', 'completed']);
    expect([job.startedAt, job.finishedAt, job.waitTime]).toEqual([Date.UTC(2030, 4, 5, 0, 0, 1), Date.UTC(2030, 4, 5, 0, 0, 1), 0]);
  });

  test('brings retries after their backoff, and the jitter of a seed is the same', async () => {
    const delays = async (seed: number) => {
      const queue = inline({ seed });
      const told = history(queue);
      await queue.add(jobs.flaky, { failures: 3 }, { backoff: { type: 'exponential' } });
      await queue.drain({ withRetries: true });
      return told.filter(({ event }) => event === 'retrying').map(({ args }) => args[2]);
    };
    const [first, again, other] = [await delays(7), await delays(7), await delays(8)];
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    for (const [at, base] of [1_000, 2_000, 4_000].entries()) {
      expect(first[at]).toBeGreaterThan(base / 2);
      expect(first[at]).toBeLessThanOrEqual(base);
    }
  });

  test('runs schedules', async () => {
    const queue = inline({ startTime: '2025-03-01T00:30:00Z' });
    const hourly = queue.schedule(jobs.echo, 'hourly', { cron: '0 * * * *', timezone: 'UTC' });
    const often = queue.schedule(jobs.echo, 'often', { every: 20 * 60_000 });
    expect(hourly.next).toBe(Date.parse('2025-03-01T01:00:00Z'));
    await queue.clock.advance(60 * 60_000);
    const runs = queue.added(jobs.echo).map(({ input, addedAt }) => `${input} ${new Date(addedAt).toISOString().slice(11, 16)}`);
    expect(runs).toEqual(['often 00:50', 'hourly 01:00', 'often 01:10', 'often 01:30']);
    hourly.stop();
    often.stop();
  });

  test('misses no run of a schedule', async () => {
    const queue = inline();
    const schedule = queue.schedule(jobs.echo, 1, { every: 1_000 });
    await queue.clock.advance(10_000);
    expect(queue.added(jobs.echo).map(({ state, addedAt }) => [state, addedAt - start])).toEqual(
      Array.from({ length: 10 }, (_, n) => ['completed', (n + 1) * 1_000]),
    );
    schedule.stop();
  });

  test('does not mind fake timers', async () => {
    vi.useFakeTimers();
    try {
      const queue = inline();
      const job = await queue.add(jobs.flaky, { failures: 1 });
      await queue.clock.advance(5);
      expect(job.state).toBe('completed');
      const other = manual();
      await other.add(jobs.never, 1);
      const drained = other.drain();
      await other.clock.advance(60);
      expect(await drained).toMatchObject({ 'timed-out': 1 });
      await Promise.all([queue.close(), other.close()]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('opens rate limits', async () => {
    const queue = inline();
    const added = await queue.addBulk(jobs.limited, [1, 2, 3, 4, 5]);
    const completed = () => added.filter(({ state }) => state === 'completed').length;
    expect(completed()).toBe(2);
    await queue.clock.advance(399);
    expect(completed()).toBe(2);
    await queue.clock.advance(1);
    expect(completed()).toBe(4);
    await queue.clock.advance(400);
    expect(added.map(({ startedAt }) => (startedAt as number) - start)).toEqual([0, 0, 400, 400, 800]);
  });

  test('lets idempotency keys go', async () => {
    const queue = inline({ idempotency: { ttl: 1_000 } });
    const first = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
    await queue.clock.advance(999);
    expect((await queue.add(jobs.echo, 1, { idempotencyKey: 'k' })).id).toBe(first.id);
    await queue.clock.advance(1);
    expect((await queue.add(jobs.echo, 1, { idempotencyKey: 'k' })).id).not.toBe(first.id);
  });

  test('ends an attempt at its limit, and does not hear of it later', async () => {
    const queue = inline();
    let settle = (_value: unknown) => {};
    let context: any;
    const waits = defineJob({
      name: 'waits',
      module: import.meta.url,
      input: z.any(),
      maxAttempts: 1,
      timeout: 1_000,
      run: (_input, given) => {
        context = given;
        return new Promise((resolve) => {
          settle = resolve;
        });
      },
    });
    const told = history(queue);
    const job = await queue.add(waits, 1);
    await queue.clock.advance(999);
    expect(job.state).toBe('active');
    await queue.clock.advance(1);
    expect(job.error).toMatchObject({ code: 'ERR_TIMEOUT', timeout: 1_000, ranFor: 1_000 });
    expect(job.attempts).toMatchObject([{ outcome: 'timed-out', duration: 1_000, startedAt: start }]);
    const before = told.length;
    context.progress('late');
    context.checkpoint('late');
    settle('late');
    await turn();
    expect([told.length, job.state, job.progress, context.aborted]).toEqual([before, 'failed', undefined, false]);
  });

  test('gives a grace period', async () => {
    const queue = inline();
    const never = await queue.add(jobs.never, 1, { timeout: 1_000 });
    await queue.clock.advance(1_000);
    const job = await queue.add(jobs.stubborn, 1);
    expect(never.state).toBe('failed');
    await queue.clock.advance(60);
    expect(job.state).toBe('active');
    await queue.clock.advance(10_000);
    expect(job.error).toMatchObject({ code: 'ERR_TIMEOUT', ranFor: 60 });
    expect(job.attempts).toMatchObject([{ duration: 10_060 }]);
  });

  test('is not for real threads, and goes forward only', async () => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])
      expect((await caught(manual().clock.advance(ms))).message).toBe(`clock.advance: expected milliseconds from 0, given ${ms}`);
    const queue = makeTestQueue({ mode: 'threads' });
    expect((await caught(queue.clock.advance(1))).code).toBe('ERR_OPTIONS');
    expect((await caught(queue.runNext())).message).toContain('runNext: mode "threads" runs jobs by itself');
    expect(thrownBy(() => queue.failNext(jobs.echo, 'crash')).message).toContain('failNext: mode "threads" runs the real thing');
    expect((await caught(inline().runNext())).code).toBe('ERR_OPTIONS');
  });
});

describe('failNext', () => {
  test.each([
    ['timeout', 'timed-out', { code: 'ERR_TIMEOUT', message: 'echo timed out after 30000 ms', timeout: 30_000, ranFor: 30_000 }],
    ['crash', 'crashed', { code: 'ERR_CRASH', reason: 'exit', exitCode: 1, message: 'echo ended its thread: process.exit(1) was called' }],
    ['out-of-memory', 'crashed', { code: 'ERR_CRASH', reason: 'out-of-memory', message: 'echo ended its thread: it ran out of memory' }],
    [new RangeError('mine'), 'failed', { name: 'RangeError', message: 'mine' }],
  ] as const)('injects %s', async (fault, outcome, error) => {
    const queue = manual();
    queue.failNext(jobs.echo, fault);
    const job = await queue.add(jobs.echo, 1);
    expect(await queue.runNext()).toBe(outcome);
    expect(job.attempts).toMatchObject([{ outcome, error, duration: fault === 'timeout' ? 30_000 : 0 }]);
    expect(queue.clock.now()).toBe(start);
    await queue.drain({ withRetries: true });
    expect([job.state, job.attempt]).toEqual(['completed', 2]);
  });

  test('injects as often as it is told, into one definition, one plan after the other', async () => {
    const queue = inline();
    queue.failNext(jobs.echo, new Error('twice'), 2);
    queue.failNext(jobs.echo, 'crash');
    const job = await queue.add(jobs.echo, 1);
    expect((await queue.add(jobs.kindOf, {})).state).toBe('completed');
    await queue.drain({ withRetries: true });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'crashed', 'completed']);
    const [first, second] = job.attempts;
    expect(first.error).not.toBe(second.error);
  });

  test('refuses what it does not know', () => {
    const queue = manual();
    expect(thrownBy(() => queue.failNext(jobs.echo, 'fire' as never)).message).toContain('given fire');
    expect(thrownBy(() => queue.failNext(jobs.echo, 'crash', 0)).message).toContain('option "times": expected an integer from 1, given 0');
    expect(thrownBy(() => queue.failNext({} as never, 'crash')).code).toBe('ERR_OPTIONS');
  });
});

test('added gives the jobs of a definition with their inputs, in order', async () => {
  const queue = manual();
  await queue.add(jobs.double, { n: 1 });
  await queue.add(jobs.echo, 'other');
  await queue.addBulk(jobs.double, [{ n: 2 }, { n: 3, note: 'x' }]);
  expect(queue.added(jobs.double).map(({ input }) => input)).toEqual([
    { n: 1, note: 'none' },
    { n: 2, note: 'none' },
    { n: 3, note: 'x' },
  ]);
  expect(queue.added()).toHaveLength(4);
  expect(queue.added(jobs.flaky)).toEqual([]);
});

test('waitFor sees the end of a delay, and is told when the queue is closed', async () => {
  const queue = manual();
  const job = await queue.add(jobs.echo, 1, { delay: 10 });
  const waiting = queue.waitFor(job, 'waiting');
  const failed = caught(queue.waitFor(job, 'failed'));
  await queue.clock.advance(10);
  expect(await waiting).toBe(job);
  await queue.close();
  expect(await failed).toMatchObject({ code: 'ERR_QUEUE_CLOSED', jobId: job.id });
});

test('close hands back what was not run, unless it is told to drain', async () => {
  const queue = manual();
  const job = await queue.add(jobs.echo, 1);
  const { unfinished } = await queue.close();
  expect(unfinished.map(({ id }) => id)).toEqual([job.id]);
  expect(queue.stats().threads).toMatchObject({ size: 0, busy: 0, starting: 0, zombies: 0, killed: 0, utilization: 0 });
  const other = manual();
  await other.add(jobs.echo, 1);
  await other.add(jobs.echo, 2, { delay: 31_000 });
  expect((await other.close({ drain: 'all' })).unfinished).toMatchObject([{ input: 2 }]);
  const hung = inline();
  const never = await hung.add(jobs.never, 1, { timeout: 5_000 });
  const closing = hung.close({ drain: 'active' });
  await hung.clock.advance(5_000);
  expect([await closing, never.state]).toEqual([{ unfinished: [] }, 'failed']);
});

test('time begins with the year 2025, unless told otherwise', () => {
  expect([manual().clock.now(), inline().clock.now(), createTestClock().now()]).toEqual([start, start, start]);
  expect(makeTestQueue({ mode: 'manual', startTime: '2026-05-05T00:00:00Z' }).clock.now()).toBe(Date.UTC(2026, 4, 5));
});

test('what close gives up has run until then', async () => {
  const queue = inline();
  const once = variant(jobs.never, { delivery: 'at-most-once', timeout: 60_000, maxAttempts: 1 });
  const job = await queue.add(once, 1);
  await queue.clock.advance(40);
  await queue.close();
  expect(job.attempts).toMatchObject([{ outcome: 'interrupted', duration: 40 }]);
});

test('what is due at one time happens in the order in which it was asked for', async () => {
  const queue = manual();
  queue.pause();
  const order: unknown[] = [];
  queue.on('added', ({ input }) => void order.push(input));
  const schedules = ['a', 'b', 'c'].map((input) => queue.schedule(jobs.echo, input, { every: 1_000 }));
  await queue.clock.advance(1_000);
  expect(order).toEqual(['a', 'b', 'c']);
  for (const schedule of schedules) schedule.stop();
});

test('drain counts the attempts of a replayed job, and not those of its former life again', async () => {
  const queue = manual();
  const { id } = await queue.add(jobs.flaky, { failures: 9 }, { maxAttempts: 2, backoff: { type: 'fixed', delay: 0 } });
  expect(await queue.drain({ withRetries: true })).toMatchObject({ completed: 0, failed: 2 });
  expect(queue.deadLetters.size).toBe(1);
  await queue.deadLetters.replay(id, { input: { failures: 0 } });
  expect(await queue.drain()).toEqual({ completed: 1, failed: 0, 'timed-out': 0, crashed: 0, cancelled: 0, interrupted: 0 });
  await queue.add(jobs.throws, 'text');
  expect(await queue.drain()).toMatchObject({ completed: 0, failed: 1 });
});

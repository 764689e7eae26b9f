import { setImmediate as turn } from 'node:timers/promises';
import type { Job, QueueEvent } from 'threadmill';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestQueue, TestQueueOptions } from '../../dist/testing/index.js';
import { caught, EVENTS, expectBalanced, until } from '../helpers.js';
import * as cases from './cases.job.js';
import { makeTestQueue } from './queues.js';

/** By their names in that file, too. */
const jobs = { ...cases };
const everything = { withDelayed: true, withRetries: true };

// What runs in this thread must not say anything that the real thing does not: the same cases for both.
describe.each(['inline', 'manual', 'threads'] as const)('a queue in mode %s', (mode) => {
  let queue: TestQueue;
  const make = (options: Partial<TestQueueOptions> = {}) => makeTestQueue({ mode, postMortem: false, ...options });
  beforeEach(() => {
    queue = make();
  });

  /** The end of a job, over delays and retries. */
  async function endOf(job: Job<any, any>): Promise<{ state: string; output?: unknown; error?: any }> {
    await queue.drain(everything);
    const output = await job.result().catch(() => undefined);
    return { state: job.state, output, error: job.error };
  }
  /** Starts what waits, and lets so many milliseconds pass. */
  async function runFor(ms: number): Promise<void> {
    const drained = queue.drain();
    if (mode !== 'threads') await queue.clock.advance(ms);
    await drained;
  }
  /** Names of the events, as they come. */
  function listen(...names: QueueEvent[]): string[] {
    const told: string[] = [];
    for (const event of names.length > 0 ? names : EVENTS) {
      queue.on(event, (...args: unknown[]) => {
        const job = args[0] as { name?: string } | undefined;
        told.push(job?.name === undefined ? event : `${event} ${job.name}`);
      });
    }
    return told;
  }

  describe('outputs', () => {
    test('come as the handler returned them, from what the schema made of the input', async () => {
      const { state, output } = await endOf(await queue.add(jobs.double, { n: 4 }));
      expect({ state, output }).toEqual({ state: 'completed', output: { doubled: 8, note: 'none' } });
    });

    test.each([
      ['map', new Map([['a', new Date(0)]])],
      ['buffer', new Uint8Array([97, 98, 99])],
      ['instance', { x: 1 }],
    ] as const)('are cloned: %s', async (what, expected) => {
      const { output } = await endOf(await queue.add(jobs.returns, what));
      expect(output).toStrictEqual(expected);
    });

    test('may be made of what setup has made of the data of the threads', async () => {
      queue = make({ worker: { data: { folder: 'here' } } });
      expect((await endOf(await queue.add(jobs.settings, 1))).output).toEqual({ folder: 'here' });
    });

    test('pass the output schema', async () => {
      const { output } = await endOf(await queue.add(jobs.checked, { n: 1, more: true }));
      expect(output).toEqual({ n: 1, note: 'none' });
      const { error } = await endOf(await queue.add(jobs.checked, { n: 'one' }));
      expect(error).toMatchObject({ name: 'OutputError', code: 'ERR_OUTPUT', jobName: 'checked', attempt: 1 });
      expect(error.message).toContain('the output schema of job "checked" refused the result: output.n: ');
    });

    test.each([
      ['function', 'result.onDone is a function: it cannot be sent to another thread'],
      ['promise', 'result.later is a Promise; await it first: it cannot be sent to another thread'],
    ] as const)('that cannot be cloned fail the job: %s', async (what, message) => {
      const { state, error } = await endOf(await queue.add(jobs.returns, what));
      expect(state).toBe('failed');
      expect(error).toMatchObject({ name: 'NotCloneableError', message });
    });
  });

  describe('inputs', () => {
    test('that the schema refuses are refused', async () => {
      expect(await caught(queue.add(jobs.double, { n: 'four' } as never))).toMatchObject({ code: 'ERR_INPUT', jobName: 'double' });
    });

    test('that cannot be cloned are refused', async () => {
      const error = await caught(queue.add(jobs.echo, { onDone: () => {} }));
      expect(error).toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        message: 'input.onDone is a function: it cannot be sent to another thread',
      });
    });

    test('arrive as a thread gets them', async () => {
      class Point {
        x = 1;
      }
      const { output: buffer } = await endOf(await queue.add(jobs.kindOf, Buffer.from('abc')));
      expect(buffer).toEqual({ type: 'Uint8Array', isBuffer: false, bytes: 3 });
      const { output: instance } = await endOf(await queue.add(jobs.kindOf, new Point()));
      expect(instance).toEqual({ type: 'Object', isBuffer: false, bytes: 0 });
    });

    test('are not the handler’s to change', async () => {
      const input = { list: [] as string[] };
      const job = await queue.add(jobs.spoils, input);
      expect((await endOf(job)).output).toBe(1);
      expect([input.list, (job.input as typeof input).list]).toEqual([[], []]);
    });

    test('that are moved are gone', async () => {
      const { buffer } = new Uint8Array(8);
      const { output } = await endOf(await queue.add(jobs.kindOf, new Uint8Array(buffer), { transfer: [buffer], maxAttempts: 1 }));
      expect(output).toMatchObject({ bytes: 8 });
      expect(buffer.byteLength).toBe(0);
    });
  });

  describe('errors', () => {
    test('are what the handler threw', async () => {
      const { error } = await endOf(await queue.add(jobs.throws, 'class'));
      expect(error).toBeInstanceOf(RangeError);
      expect({ ...error }).toEqual({ code: 'E_REFUSED' });
      expect([error.message, error.constructor, error.cause.constructor, error.cause.message]).toEqual([
        'refused',
        RangeError,
        TypeError,
        'because',
      ]);
      expect(error.stack).toContain('cases.job.js');
    });

    test.each([
      ['text', 'just a text'],
      ['null', null],
    ] as const)('need not be errors: %s', async (what, expected) => {
      const { state, error } = await endOf(await queue.add(jobs.throws, what));
      expect([state, error]).toEqual(['failed', expected]);
    });

    test('keep what can be cloned', async () => {
      const { error } = await endOf(await queue.add(jobs.throws, 'function'));
      expect({ ...error }).toEqual({ fn: 'a function (fn)', kept: 1 });
      const { error: both } = await endOf(await queue.add(jobs.throws, 'aggregate'));
      expect(both).toBeInstanceOf(AggregateError);
      expect([both.errors[0].message, both.errors[1]]).toEqual(['one', 'two']);
      expect((await endOf(await queue.add(jobs.throws, 'async'))).error.message).toBe('later');
    });
  });

  describe('retries', () => {
    test('follow until the job completes', async () => {
      const job = await queue.add(jobs.flaky, { failures: 2 });
      expect(await endOf(job)).toMatchObject({ state: 'completed', output: 3, error: undefined });
      expect(job.attempts.map(({ number, outcome, error }) => [number, outcome, (error as Error | undefined)?.message])).toEqual([
        [1, 'failed', 'failure 1'],
        [2, 'failed', 'failure 2'],
        [3, 'completed', undefined],
      ]);
    });

    test('end in a dead letter, which can be replayed', async () => {
      const job = await queue.add(jobs.flaky, { failures: 9 }, { maxAttempts: 2 });
      expect(await endOf(job)).toMatchObject({ state: 'failed', error: { message: 'failure 2' } });
      expect(queue.deadLetters.list()).toMatchObject([{ id: job.id, name: 'flaky', reason: 'failed', input: { failures: 9 } }]);
      const replayed = await queue.deadLetters.replay(job.id, { input: { failures: 0 } });
      expect(await endOf(replayed)).toMatchObject({ state: 'completed', output: 1 });
      expect(queue.deadLetters.size).toBe(0);
      expectBalanced(queue);
    });

    test('do not follow when the handler or the backoff says so', async () => {
      const job = await queue.add(jobs.hopeless, 1);
      expect(await endOf(job)).toMatchObject({ state: 'failed', error: { code: 'ERR_UNRECOVERABLE', jobId: job.id } });
      const other = await queue.add(jobs.flaky, { failures: 9 }, { backoff: (attempt) => attempt < 2 && 1 });
      expect(await endOf(other)).toMatchObject({ state: 'failed', error: { message: 'failure 2' } });
    });

    test('find the last checkpoint', async () => {
      const lines: unknown[] = [];
      const log = (fields: object, message?: string) => void (message === 'step' && lines.push(fields));
      queue = make({ logger: { trace: log, debug: log, info: log, warn: log, error: log } });
      const progress: unknown[] = [];
      queue.on('progress', (_job, value) => void progress.push(value));
      const job = await queue.add(jobs.steps, 1, { metadata: { user: 7 } });
      const expected = { from: 2, attempt: 3, maxAttempts: 4, metadata: { user: 7 }, name: 'steps' };
      expect((await endOf(job)).output).toEqual(expected);
      expect(progress).toEqual([{ from: 0 }, { from: 1 }, { from: 2 }]);
      expect(lines).toMatchObject([0, 1, 2].map((from) => ({ from, jobId: job.id, attempt: from + 1 })));
    });
  });

  describe('the order', () => {
    test('is by priority, then arrival', async () => {
      queue.pause();
      const order: unknown[] = [];
      queue.on('active', (job) => void order.push(job.input));
      for (const [input, priority] of [
        ['a', 0],
        ['b', 5],
        ['c', 0],
        ['d', 5],
        ['e', -1],
      ] as const)
        await queue.add(jobs.echo, input, { priority });
      expect(await queue.drain()).toMatchObject({ completed: 0 });
      queue.resume();
      expect(await queue.drain()).toMatchObject({ completed: 5 });
      expect(order).toEqual(['b', 'd', 'a', 'c', 'e']);
    });

    test('passes by what is paused', async () => {
      queue.pause(jobs.echo);
      const held = await queue.add(jobs.echo, 1);
      const other = await queue.add(jobs.kindOf, {});
      await queue.drain(everything);
      expect([held.state, other.state, queue.explain(held.id)]).toMatchObject(['waiting', 'completed', { reason: 'definition-paused' }]);
      queue.resume(jobs.echo);
      expect(await endOf(held)).toMatchObject({ state: 'completed' });
    });

    test('of delayed jobs is that of their times', async () => {
      const order: unknown[] = [];
      queue.on('active', (job) => void order.push(job.input));
      const late = await queue.add(jobs.echo, 'late', { delay: 40 });
      await queue.add(jobs.echo, 'soon', { delay: 20 });
      expect([late.state, queue.explain(late.id)]).toMatchObject(['delayed', { state: 'delayed', reason: 'delay' }]);
      await queue.add(jobs.echo, 'now');
      expect(await queue.drain(everything)).toMatchObject({ completed: 3 });
      expect(order).toEqual(['now', 'soon', 'late']);
    });

    test('keeps to limits', async () => {
      for (let n = 0; n < 5; n++) await queue.add(jobs.limited, n);
      const some = await queue.drain();
      expect(some.completed).toBe(2);
      expect(queue.explain(queue.list('waiting')[0].id)).toMatchObject({ state: 'waiting', reason: 'rate-limit' });
      const { completed } = await queue.drain(everything);
      expect(completed).toBe(3);
      const added = await queue.addBulk(jobs.single, [1, 2, 3]);
      await queue.drain();
      expect(added.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
    });
  });

  describe('groups', () => {
    const of = (tenant: string, count: number) => Array.from({ length: count }, (_, n) => ({ tenant, n }));
    function starts(): string[] {
      const order: string[] = [];
      queue.on('active', ({ group, input }) => void order.push(`${group}${(input as { n: number }).n}`));
      return order;
    }

    test('take turns, and keep their order', async () => {
      queue.pause();
      const order = starts();
      await queue.addBulk(jobs.grouped, [...of('a', 4), ...of('b', 2), ...of('c', 1)]);
      const named = await queue.add(jobs.echo, { n: 9 }, { group: 'c' });
      expect([named.group, queue.stats({ groups: 1 }).groups]).toEqual([
        'c',
        [{ group: 'a', counts: { delayed: 0, waiting: 4, active: 0 } }],
      ]);
      queue.resume();
      await queue.drain();
      expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c9', 'a2', 'a3']);
    });

    test('keep to limits of their own', async () => {
      queue = make({ threads: 2 });
      const most = new Map<string | undefined, number>();
      queue.on('active', ({ group }) => {
        const own = queue.list('active').filter((job) => job.group === group).length;
        most.set(group, Math.max(own, most.get(group) ?? 0));
      });
      const added = await queue.addBulk(jobs.serial, [...of('a', 3), ...of('b', 3)]);
      await queue.drain();
      expect(added.map(({ state }) => state)).toEqual(added.map(() => 'completed'));
      expect([...most]).toEqual([
        ['a', 1],
        ['b', 1],
      ]);
      await queue.addBulk(jobs.metered, [...of('a', 3), ...of('b', 1)]);
      expect(await queue.drain()).toMatchObject({ completed: 3 });
      const [held] = queue.list('waiting');
      expect([held?.group, queue.explain(held?.id as string)]).toMatchObject(['a', { reason: 'group-rate-limit' }]);
      if (mode === 'threads') expect(queue.cancel({ group: 'a' })).toBe(1);
      else expect(await queue.drain(everything)).toMatchObject({ completed: 1 });
    });

    test('have a share of the waiting room', async () => {
      queue = make({ whenFull: 'reject' });
      queue.pause();
      await queue.addBulk(jobs.shared, of('a', 2));
      const error = await caught(queue.add(jobs.shared, { tenant: 'a', n: 2 }));
      expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', group: 'a', retryAfter: queue.estimateWait(jobs.shared, { group: 'a' }) });
      await queue.addBulk(jobs.shared, of('b', 2));
      queue.resume();
      await queue.drain();
      await queue.add(jobs.shared, { tenant: 'a', n: 2 });
      expect(await queue.drain()).toMatchObject({ completed: 1 });
    });

    test('go on after close and restore, and over a replay', async () => {
      queue.pause();
      await queue.addBulk(jobs.grouped, [...of('a', 2), ...of('b', 1)]);
      const { unfinished } = await queue.close({ drain: 'none' });
      queue = make({ jobs: [jobs.grouped] });
      queue.pause();
      const order = starts();
      queue.restore(unfinished);
      queue.resume();
      await queue.drain();
      expect(order).toEqual(['a0', 'b0', 'a1']);
      const failed = await queue.add(jobs.throws, 'text', { group: 'x' });
      await endOf(failed);
      expect((await queue.deadLetters.replay(failed.id)).group).toBe('x');
    });
  });

  describe('a job that is not started in time', () => {
    test('expires', async () => {
      queue.pause();
      const told = listen('added', 'cancelled', 'expired');
      const job = await queue.add(jobs.echo, 1, { maxWait: 20 });
      const patient = await queue.add(jobs.echo, 2, { maxWait: 60_000 });
      const ended = caught(queue.waitFor(job, 'completed'));
      if (mode !== 'threads') await queue.clock.advance(20);
      await ended;
      expect([job.state, patient.state]).toEqual(['cancelled', 'waiting']);
      expect(job.error).toMatchObject({
        name: 'ExpiredError',
        code: 'ERR_EXPIRED',
        message: 'echo was not started within 20 ms: it expired',
      });
      expect(told.slice(2)).toEqual(['cancelled echo', 'expired echo']);
      queue.resume();
      await queue.drain();
      expect(queue.stats().totals).toMatchObject({ completed: 1, cancelled: 1, expired: 1 });
      expectBalanced(queue);
    });

    test('expires while it waits for room, too', async () => {
      queue = make({ maxWaiting: 1 });
      queue.pause();
      await queue.add(jobs.echo, 1);
      const waiting = caught(queue.run(jobs.echo, 2, { maxWait: 20 }));
      if (mode !== 'threads') await queue.clock.advance(20);
      expect(await waiting).toMatchObject({ code: 'ERR_EXPIRED' });
      expect(queue.stats().totals).toMatchObject({ added: 2, expired: 1 });
    });
  });

  describe('a handler that puts its job off', () => {
    test('spends no attempt', async () => {
      const told = listen('snoozed', 'retrying');
      const job = await queue.add(jobs.snoozes, { times: 2, ms: 5 }, { maxAttempts: 1 });
      expect(await endOf(job)).toMatchObject({ state: 'completed', output: { done: 2, attempt: 1 } });
      expect(told).toEqual(['snoozed snoozes', 'snoozed snoozes']);
      expect(queue.stats().totals).toMatchObject({ snoozed: 2, retried: 0 });
    });

    test('or all of its definition, or its group', async () => {
      const jobsOf = async (definition: typeof jobs.told, ms: number) =>
        queue.addBulk(definition, [
          { n: 1, tenant: 'a', ms },
          { n: 2, tenant: 'a' },
          { n: 3, tenant: 'b' },
        ]);
      const whole = await jobsOf(jobs.told, 40);
      const [first, second, other] = (await jobsOf(jobs.toldGroup, 60_000)) as [Job, Job, Job];
      await queue.drain();
      await until(() => queue.stats().counts.active === 0 && other.state === 'completed');
      expect([first.state, other.state, queue.explain(first.id)]).toMatchObject(['waiting', 'completed', { reason: 'group-rate-limit' }]);
      // Where it was on its thread already it may have been started in the moment before the queue heard.
      if (mode !== 'threads') expect(second.state).toBe('waiting');
      expect(queue.cancel({ name: 'told-group' })).toBeGreaterThan(0);
      await queue.drain(everything);
      expect(whole.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
      expect(queue.stats().totals).toMatchObject({ snoozed: 2, retried: 0 });
    });
  });

  describe('what waits', () => {
    test('can be promoted, cancelled by a filter, and waited for', async () => {
      const delayed = await queue.add(jobs.echo, 1, { delay: 60_000 });
      expect([delayed.promote(), delayed.promote()]).toEqual([true, false]);
      await queue.drain();
      expect(delayed.state).toBe('completed');
      queue.pause();
      await queue.addBulk(jobs.grouped, [
        { tenant: 'a', n: 1 },
        { tenant: 'b', n: 2 },
      ]);
      await queue.add(jobs.echo, 1, { delay: 60_000 });
      expect(queue.cancel({ group: 'a' })).toBe(1);
      expect(queue.cancel({ state: 'delayed', name: 'grouped' })).toBe(0);
      const idle = queue.idle();
      expect(queue.cancel()).toBe(2);
      await idle;
      expectBalanced(queue);
    });

    test('is estimated', async () => {
      expect(queue.estimateWait(jobs.limited)).toBe(0);
      await queue.addBulk(jobs.limited, [1, 2]);
      await queue.drain();
      const wait = queue.estimateWait(jobs.limited);
      expect(wait).toBeLessThanOrEqual(400);
      if (mode !== 'threads') expect(wait).toBe(400);
    });

    test('has bytes, which are bounded too', async () => {
      queue = make({ maxWaitingBytes: 10_000, whenFull: 'reject' });
      queue.pause();
      await queue.add(jobs.echo, 'x'.repeat(6_000));
      const error = await caught(queue.add(jobs.echo, 'small', { metadata: { note: 'y'.repeat(6_000) } }));
      expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', message: expect.stringMatching(/over maxWaitingBytes \(10000\)/) });
      queue.cancel();
      await queue.add(jobs.echo, 'small', { metadata: { note: 'y'.repeat(6_000) } });
    });
  });

  test('who waits gets the error: one attempt, and no dead letter', async () => {
    const awaited = caught(queue.run(jobs.flaky, { failures: 1 }));
    const drained = queue.drain(everything);
    expect(await awaited).toMatchObject({ message: 'failure 1' });
    await drained;
    expect([queue.deadLetters.size, queue.list('failed').length]).toEqual([0, 1]);
    const twice = queue.run(jobs.flaky, { failures: 1 }, { maxAttempts: 2 });
    await queue.drain(everything);
    expect(await twice).toBe(2);
    const job = await queue.add(jobs.flaky, { failures: 9 });
    await endOf(job);
    expect([job.attempts.length, queue.deadLetters.size]).toEqual([4, 1]);
  });

  test('results that are kept are bounded in bytes', async () => {
    queue = make({ keepCompleted: { max: 10, bytes: 2_500 } });
    const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(1_000));
    const added = await queue.addBulk(jobs.echo, texts);
    await queue.drain();
    // Who asked for the result has it by then.
    await until(() => added[0]?.output === undefined);
    expect(added.map(({ state, output }) => [state, output])).toEqual([
      ['completed', undefined],
      ['completed', texts[1]],
      ['completed', texts[2]],
    ]);
    expect(await caught((added[0] as Job).result())).toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  test('a schedule leaves out a run while the last one still waits', async () => {
    queue.pause();
    const schedule = queue.schedule(jobs.echo, 'tick', { every: 20 }, { immediately: true, limit: 3, group: 'timed' });
    const job = await schedule.trigger();
    expect([job.group, (await schedule.trigger()).id]).toEqual(['timed', job.id]);
    schedule.stop();
    expect(schedule.next).toBeUndefined();
    queue.resume();
    await queue.drain();
    expect(job.state).toBe('completed');
  });

  describe('idempotency', () => {
    test('has four answers to a second job of a key', async () => {
      queue.pause();
      const options = { idempotencyKey: 'k' };
      const first = await queue.add(jobs.echo, 1, options);
      expect(await caught(queue.add(jobs.echo, 1, { ...options, onDuplicate: 'reject' }))).toMatchObject({ code: 'ERR_IDEMPOTENCY' });
      expect((await queue.add(jobs.echo, 2, { ...options, onDuplicate: 'drop' })).id).toBe(first.id);
      expect((await queue.add(jobs.echo, 1, { ...options, onDuplicate: 'join' })).id).toBe(first.id);
      const newest = await queue.add(jobs.echo, 3, { ...options, onDuplicate: 'replace', delay: 20, ttl: 0 });
      expect([first.state, newest.state, newest.id === first.id]).toEqual(['cancelled', 'delayed', false]);
      queue.resume();
      expect((await endOf(newest)).output).toBe(3);
      // Its ttl is over.
      expect((await queue.add(jobs.echo, 3, options)).id).not.toBe(newest.id);
    });

    test('answers with the same job', async () => {
      const told = listen('added', 'deduplicated');
      const first = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
      const second = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
      await endOf(first);
      const third = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
      expect([second.id, third.id, second.deduplicated, await third.result()]).toEqual([first.id, first.id, true, 1]);
      expect(await caught(queue.add(jobs.echo, 2, { idempotencyKey: 'k' }))).toMatchObject({ code: 'ERR_IDEMPOTENCY' });
      expect(told).toEqual(['added echo', 'deduplicated echo', 'deduplicated echo']);
      expect(queue.added(jobs.echo)).toHaveLength(1);
    });

    test('frees the key of a job that failed', async () => {
      const first = await queue.add(jobs.throws, 'text', { idempotencyKey: 'k' });
      await endOf(first);
      const second = await queue.add(jobs.throws, 'text', { idempotencyKey: 'k' });
      await endOf(second);
      expect(second.id).not.toBe(first.id);
    });
  });

  describe('a cancel', () => {
    test('ends what waits', async () => {
      queue.pause();
      const waiting = await queue.add(jobs.echo, 1);
      const delayed = await queue.add(jobs.echo, 1, { delay: 60_000 });
      const controller = new AbortController();
      const watched = await queue.add(jobs.echo, 1, { signal: controller.signal });
      controller.abort('too late');
      expect([waiting.cancel('why'), delayed.cancel(), waiting.cancel()]).toEqual([true, true, false]);
      expect([waiting, delayed, watched].map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
      expect(await caught(waiting.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'why', message: 'echo was cancelled: why' });
      expect(watched.error).toMatchObject({ reason: 'too late' });
      expectBalanced(queue);
    });

    test.each(['never', 'polite'] as const)('ends what runs: %s', async (name) => {
      const told = listen('active', 'cancelled', 'retrying', 'failed', 'thread-killed');
      const job = await queue.add(jobs[name], 1, { maxAttempts: 3, timeout: 60_000 });
      const drained = queue.drain();
      await queue.waitFor(job, 'active');
      // Until its handler runs, there is none that could be told.
      await until(() => job.startedAt !== undefined);
      expect(job.cancel('enough')).toBe(true);
      expect(await drained).toMatchObject({ cancelled: 1, completed: 0 });
      expect(job.error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough', attempt: 1 });
      expect(told).toEqual([`active ${name}`, `cancelled ${name}`, ...(name === 'never' ? ['thread-killed'] : [])]);
    });
  });

  describe('what cannot go on', () => {
    test.each(['never', 'polite'] as const)('is over its time limit: %s', async (name) => {
      const job = await queue.add(jobs[name], 1);
      await runFor(60);
      expect(job.state).toBe('failed');
      expect(job.error).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT', message: `${name} timed out after 60 ms`, timeout: 60 });
      expect(job.error).toMatchObject({ jobId: job.id, jobName: name, attempt: 1 });
      expect((job.error as { ranFor: number }).ranFor).toBeGreaterThanOrEqual(60);
      expect(queue.stats().totals).toMatchObject({ timedOut: 1, failed: 1 });
      expect(job.attempts).toMatchObject([{ number: 1, outcome: 'timed-out' }]);
    });

    const crashes = { exits: 'crash', hogs: 'out-of-memory' } as const;
    test.each(['exits', 'hogs'] as const)('crashes, or is made to: %s', async (name) => {
      if (mode === 'threads') queue = make({ worker: { resourceLimits: { maxOldGenerationSizeMb: 24 } } });
      else queue.failNext(jobs[name], crashes[name]);
      const told = listen('active', 'failed', 'thread-killed');
      const job = await queue.add(jobs[name], 1);
      await queue.drain();
      const reason = name === 'hogs' ? 'out-of-memory' : 'exit';
      const message = `${name} ended its thread: ${name === 'hogs' ? 'it ran out of memory' : 'process.exit(1) was called'}`;
      expect(job.error).toMatchObject({ name: 'CrashError', code: 'ERR_CRASH', exitCode: 1, reason, message, jobName: name, attempt: 1 });
      expect((job.error as Error).cause).toEqual(
        name === 'hogs' ? expect.objectContaining({ code: 'ERR_WORKER_OUT_OF_MEMORY' }) : undefined,
      );
      expect(queue.stats()).toMatchObject({ totals: { crashed: 1, failed: 1 }, threads: { killed: 0 } });
      expect(told).toEqual([`active ${name}`, `failed ${name}`, 'thread-killed']);
    });
  });

  test('the events of a job come in their order', async () => {
    const told = listen();
    await endOf(await queue.add(jobs.flaky, { failures: 1 }));
    await endOf(await queue.add(jobs.throws, 'text'));
    expect(told).toEqual([
      'added flaky',
      'active flaky',
      'retrying flaky',
      'active flaky',
      'completed flaky',
      'drained',
      'added throws',
      'active throws',
      'failed throws',
      'drained',
    ]);
  });

  test('the stats balance', async () => {
    await queue.addBulk(jobs.echo, [1, 2, 3]);
    await queue.add(jobs.flaky, { failures: 1 });
    await queue.add(jobs.throws, 'text');
    (await queue.add(jobs.echo, 4, { delay: 60_000 })).cancel();
    expect(await queue.drain(everything)).toMatchObject({ crashed: 0, interrupted: 0, 'timed-out': 0 });
    const { totals, counts, byName, threads, runTime } = queue.stats();
    expect(counts).toEqual({ delayed: 0, waiting: 0, active: 0, completed: 4, failed: 1, cancelled: 1 });
    expect(totals).toMatchObject({ added: 6, completed: 4, failed: 1, cancelled: 1, retried: 1, crashed: 0, timedOut: 0 });
    expect(byName.echo.totals).toMatchObject({ added: 4, completed: 3 });
    expect(threads).toMatchObject({ busy: 0, killed: 0, zombies: 0 });
    // No virtual time passes while a handler runs.
    if (queue.mode === 'threads') expect(runTime.max).toBeGreaterThan(0);
    expectBalanced(queue);
  });

  describe('closing', () => {
    test('hands back what has not run', async () => {
      queue.pause();
      const job = await queue.add(jobs.echo, 1, { metadata: 'm' });
      const delayed = await queue.add(jobs.echo, 2, { delay: 60_000 });
      const { unfinished } = await queue.close({ drain: 'all' });
      expect(unfinished).toMatchObject([
        { id: job.id, name: 'echo', input: 1, attemptsMade: 0, metadata: 'm' },
        { id: delayed.id, input: 2 },
      ]);
      expect(await caught(job.result())).toMatchObject({ code: 'ERR_QUEUE_CLOSED', jobId: job.id });
      expect(await caught(queue.add(jobs.echo, 1))).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
      const again = make({ jobs: [jobs.echo] });
      const [restored] = again.restore(unfinished);
      await again.drain();
      expect(await restored.result()).toBe(1);
    });

    test('runs what can run before the deadline, where it drains', async () => {
      const job = await queue.add(jobs.echo, 1, { delay: 20 });
      const flaky = await queue.add(jobs.flaky, { failures: 2 });
      expect(await queue.close({ drain: 'all' })).toEqual({ unfinished: [] });
      expect([job.state, flaky.state]).toEqual(['completed', 'completed']);
    });

    test('gives up what runs; a job that must not run twice fails, and one that was cancelled is', async () => {
      queue = make({ threads: 3 });
      const add = () => queue.add(jobs.never, 1, { timeout: 60_000 });
      const [again, once, gone] = [await add(), await queue.add(jobs.once, 1), await add()];
      void queue.drain();
      await Promise.all([again, once, gone].map((job) => queue.waitFor(job, 'active')));
      await until(() => [again, once, gone].every(({ startedAt }) => startedAt !== undefined));
      gone.cancel();
      const { unfinished } = await queue.close({ drain: 'none' });
      expect(unfinished).toMatchObject([{ id: again.id, attemptsMade: 0 }]);
      expect([once.state, once.error]).toMatchObject(['failed', { code: 'ERR_QUEUE_CLOSED' }]);
      expect(gone.state).toBe('cancelled');
    });
  });

  test('map streams', async () => {
    const outputs: unknown[] = [];
    const reading = (async () => {
      for await (const { doubled } of queue.map(jobs.double, [{ n: 1 }, { n: 2 }, { n: 3 }], { concurrency: 2 })) outputs.push(doubled);
    })();
    const done = reading.then(() => true);
    while (!(await Promise.race([done, queue.drain().then(() => turn())])));
    expect(outputs).toEqual([2, 4, 6]);
  });

  test('a job can be waited for, also when it is late', async () => {
    const job = await queue.add(jobs.flaky, { failures: 1 });
    const delayed = queue.waitFor(job, 'delayed');
    await queue.drain(everything);
    await delayed;
    for (const state of ['waiting', 'active', 'delayed', 'completed'] as const) expect(await queue.waitFor(job, state)).toBe(job);
    expect((await caught(queue.waitFor(job, 'failed'))).message).toBe(`job ${job.id} (flaky) is completed: it will not be failed`);
    const ends = await queue.add(jobs.throws, 'class');
    const failing = caught(queue.waitFor(ends, 'completed'));
    await queue.drain();
    expect((await failing).cause).toBeInstanceOf(RangeError);
  });
});

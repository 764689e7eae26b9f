import { deserialize, serialize } from 'node:v8';
import { type JobSnapshot, OptionsError, QueueClosedError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold, once, other } from '../fixtures/answers.job.js';
import { checkpointing, holdAsync, misbehave } from '../fixtures/misbehaves.job.js';
import { asyncSchema, sum } from '../fixtures/schemas.job.js';
import { caught, history, makeGate, makeQueue, next, thrownBy, until, variant } from '../helpers.js';

describe('drain', () => {
  test('all: everything is run, also what is delayed or retried before the deadline', async () => {
    const queue = makeQueue();
    const jobs = [await queue.add(echo, 1), await queue.add(echo, 2, { delay: 30 }), await queue.add(flaky, { failures: 2 })];
    expect(await queue.close()).toEqual({ unfinished: [] });
    expect(jobs.map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
  });

  test('all: the retry of a job whose thread is being killed is waited for', async () => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does: 'loop', bad: 1 });
    await next(queue, 'active');
    expect(await queue.close()).toEqual({ unfinished: [] });
    expect(job.state).toBe('completed');
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['timed-out', 'completed']);
  });

  test('all: what cannot start before the deadline is not waited for', async () => {
    const queue = makeQueue();
    const late = await queue.add(echo, 'late', { delay: 3_600_000 });
    queue.pause(other);
    const paused = await queue.add(other, 'paused');
    const { unfinished } = await queue.close({ timeout: 20_000 });
    expect(unfinished.map(({ id }) => id).sort()).toEqual([late.id, paused.id].sort());
  });

  test('active: active jobs end, waiting ones are handed back', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const active = await queue.add(hold, { gate: gate.memory, value: 'ended' });
    await next(queue, 'progress');
    const waiting = await queue.add(echo, 'waiting');
    const closed = queue.close({ drain: 'active' });
    gate.open();
    const { unfinished } = await closed;
    expect(unfinished.map(({ id }) => id)).toEqual([waiting.id]);
    expect(await active.result()).toBe('ended');
  });

  test('none: active and waiting jobs are handed back', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const active = await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    const waiting = await queue.add(echo, 'waiting');
    const delayed = await queue.add(echo, 'delayed', { delay: 60_000 });
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(unfinished.map(({ id }) => id)).toEqual([active.id, waiting.id, delayed.id]);
    expect(unfinished.map(({ attemptsMade }) => attemptsMade)).toEqual([0, 0, 0]);
  });

  test('a timeout ends what hangs', async () => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does: 'loop' }, { timeout: 3_600_000 });
    await next(queue, 'active');
    const { unfinished } = await queue.close({ timeout: 50 });
    expect(unfinished.map(({ id }) => id)).toEqual([job.id]);
  });

  test.each([{ drain: 'some' }, { timeout: -1 }, { time: 1 }])('%j is an OptionsError', async (options) => {
    const queue = makeQueue();
    const error = await new Promise((resolve) => resolve(queue.close(options as never))).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OptionsError);
    expect(await queue.run(echo, 'still open')).toBe('still open');
  });
});

describe('a closed queue', () => {
  test('gives the same answer twice', async () => {
    const queue = makeQueue();
    queue.pause();
    await queue.add(echo, 1);
    const [first, second] = await Promise.all([queue.close({ drain: 'none' }), queue.close()]);
    expect(first.unfinished).toHaveLength(1);
    expect(second).toEqual(first);
    expect(await queue.close()).toEqual(first);
  });

  test('refuses jobs, in every way', async () => {
    const queue = makeQueue({ jobs: [echo] });
    await queue.close();
    for (const refused of [queue.add(echo, 1), queue.run(echo, 1), queue.addBulk(echo, [1])]) {
      const error = await caught(refused);
      expect(error).toBeInstanceOf(QueueClosedError);
      expect(error).toMatchObject({ code: 'ERR_QUEUE_CLOSED', jobName: 'echo' });
    }
    const snapshot: JobSnapshot = { id: 'x', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
    expect(thrownBy(() => queue.restore([snapshot]))).toBeInstanceOf(QueueClosedError);
  });

  test('refuses jobs while it drains', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    const closed = queue.close();
    expect(await caught(queue.add(echo, 1))).toBeInstanceOf(QueueClosedError);
    gate.open();
    expect(await closed).toEqual({ unfinished: [] });
  });

  test('refuses an add that was still validating, also when the queue is full', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    const gate = makeGate();
    await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    await queue.add(echo, 'fills it');
    const validates = caught(queue.add(asyncSchema, { n: 1 }));
    const closed = queue.close({ drain: 'active' });
    expect(await validates).toBeInstanceOf(QueueClosedError);
    gate.open();
    expect((await closed).unfinished).toHaveLength(1);
  });

  test('refuses who waited for room, or for an asynchronous schema', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    queue.pause();
    await queue.add(echo, 1);
    const waits = caught(queue.add(echo, 2));
    const validates = caught(queue.add(asyncSchema, { n: 1 }));
    await queue.close({ drain: 'none' });
    expect(await waits).toBeInstanceOf(QueueClosedError);
    expect(await validates).toBeInstanceOf(QueueClosedError);
  });

  test('refuses replays', async () => {
    const queue = makeQueue();
    await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }));
    await queue.close();
    const [{ id }] = queue.deadLetters.list();
    expect(await caught(queue.deadLetters.replay(id))).toBeInstanceOf(QueueClosedError);
    expect(queue.deadLetters.size).toBe(1);
  });

  test('rejects the promises of unfinished jobs, asked before or after', async () => {
    const queue = makeQueue();
    queue.pause();
    const before = await queue.add(echo, 1);
    const after = await queue.add(echo, 2);
    const result = caught(before.result());
    await queue.close({ drain: 'none' });
    expect(await result).toBeInstanceOf(QueueClosedError);
    expect(await caught(after.result())).toBeInstanceOf(QueueClosedError);
  });

  test('says of which job the error speaks', async () => {
    const queue = makeQueue();
    queue.pause();
    const [a, b] = await queue.addBulk(echo, [1, 2]);
    await queue.close({ drain: 'none' });
    expect(await caught(a.result())).toMatchObject({ jobId: a.id, jobName: 'echo' });
    expect(await caught(b.result())).toMatchObject({ jobId: b.id, jobName: 'echo' });
  });

  test('does not touch what it has handed back: cancel comes too late', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const controller = new AbortController();
    const active = await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    const waiting = await queue.add(echo, 1);
    const signalled = await queue.add(echo, 2, { signal: controller.signal });
    await queue.close({ drain: 'none' });
    const log = history(queue);
    controller.abort();
    expect([active.cancel(), waiting.cancel(), signalled.cancel()]).toEqual([false, false, false]);
    expect(log).toEqual([]);
    expect(queue.stats().totals.cancelled).toBe(0);
  });

  test('is what await using leaves', async () => {
    let job: any;
    {
      await using queue = makeQueue();
      job = await queue.add(echo, 'in scope');
    }
    expect(job.state).toBe('completed');
  });
});

describe('restore', () => {
  const handOver = async (from: ReturnType<typeof makeQueue>, options: Parameters<typeof makeQueue>[0] = {}) => {
    const { unfinished } = await from.close({ drain: 'none' });
    const to = makeQueue({ jobs: [echo, sum, flaky, checkpointing, hold, holdAsync], ...options });
    return { to, jobs: to.restore(deserialize(serialize(unfinished))) };
  };

  test('runs handed back jobs under their ids, in their order', async () => {
    const first = makeQueue();
    first.pause();
    const low = await first.add(echo, 'low', { priority: -1 });
    const high = await first.add(echo, new Map([['k', new Date(0)]]), { priority: 5, metadata: { by: 'me' } });
    const { jobs } = await handOver(first);
    expect(jobs.map(({ id }) => id)).toEqual([high.id, low.id]);
    expect(jobs[0]).toMatchObject({ priority: 5, metadata: { by: 'me' }, name: 'echo' });
    expect(await jobs[0].result()).toEqual(new Map([['k', new Date(0)]]));
    expect(await jobs[1].result()).toBe('low');
  });

  test('keeps the attempts that are used up', async () => {
    const first = makeQueue();
    const retrying = next(first, 'retrying');
    await first.add(flaky, { failures: 9 }, { backoff: { type: 'fixed', delay: 3_600_000 }, maxAttempts: 3 });
    await retrying;
    const { unfinished } = await first.close({ drain: 'none' });
    expect(unfinished[0]).toMatchObject({ attemptsMade: 1, maxAttempts: 3, runAt: expect.any(Number) });
    const second = makeQueue({ jobs: [flaky] });
    const [job] = second.restore([{ ...unfinished[0], runAt: 0, backoff: { type: 'fixed', delay: 0 } }]);
    expect((await caught(job.result())).message).toBe('failure 3');
  });

  test('keeps the time of a delayed job', async () => {
    const first = makeQueue();
    await first.add(echo, 1, { delay: 3_600_000 });
    const { to, jobs } = await handOver(first);
    expect(jobs[0].state).toBe('delayed');
    const { unfinished } = await to.close({ drain: 'none' });
    expect(unfinished[0].runAt).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test('keeps checkpoints', async () => {
    const first = makeQueue();
    await first.add(checkpointing, 1, { backoff: { type: 'fixed', delay: 3_600_000 } });
    await next(first, 'retrying');
    const { unfinished } = await first.close({ drain: 'none' });
    expect(unfinished[0].checkpoint).toEqual({ step: 1 });
    const second = makeQueue({ jobs: [checkpointing] });
    const [job] = second.restore([{ ...unfinished[0], runAt: 0, backoff: { type: 'fixed', delay: 0 } }]);
    expect(await job.result()).toEqual({ step: 3, lastCheckpoint: { step: 2 } });
  });

  test('keeps idempotency keys', async () => {
    const first = makeQueue();
    first.pause();
    await first.add(echo, 1, { idempotencyKey: 'k' });
    const { to, jobs } = await handOver(first);
    expect((await to.add(echo, 1, { idempotencyKey: 'k' })).id).toBe(jobs[0].id);
  });

  test('refuses unknown definitions, all or none', async () => {
    const queue = makeQueue({ jobs: [echo] });
    const known: JobSnapshot = { id: 'a', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
    const error = thrownBy(() => queue.restore([known, { ...known, id: 'b', name: 'nobody' }]));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/"nobody".*jobs/);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('refuses an id that is there already', async () => {
    const queue = makeQueue({ jobs: [echo] });
    queue.pause();
    const snapshot: JobSnapshot = { id: 'a', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
    queue.restore([snapshot]);
    expect(thrownBy(() => queue.restore([snapshot])).message).toContain('id a');
  });

  test('refuses one id twice in a call', () => {
    const queue = makeQueue({ jobs: [echo] });
    queue.pause();
    const snapshot: JobSnapshot = { id: 'a', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
    expect(thrownBy(() => queue.restore([snapshot, snapshot]))).toBeInstanceOf(OptionsError);
  });

  test('new ids do not meet restored ones', async () => {
    const first = makeQueue();
    first.pause();
    await first.addBulk(echo, [1, 2, 3]);
    const { to, jobs } = await handOver(first);
    const fresh = await to.addBulk(echo, [1, 2, 3]);
    expect(new Set([...jobs, ...fresh].map(({ id }) => id)).size).toBe(6);
  });

  test('an at-most-once job that had started is not handed back', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(variant(once, { timeout: 60_000, delivery: 'at-most-once' }), { gate: gate.memory, does: 'hang' });
    await until(() => gate.arrivals > 0);
    expect(await queue.close({ drain: 'none' })).toEqual({ unfinished: [] });
    expect(job.state).toBe('failed');
    expect(job.attempts).toMatchObject([{ number: 1, outcome: 'interrupted' }]);
    expect(await caught(job.result())).toBeInstanceOf(QueueClosedError);
  });
});

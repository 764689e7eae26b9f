import { CancelledError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold, where } from '../fixtures/answers.job.js';
import { misbehave, polite, stubborn } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, variant, warmUp } from '../helpers.js';

describe('a signal', () => {
  test('that is aborted already keeps the job out', async () => {
    const queue = makeQueue();
    for (const refused of [
      queue.add(echo, 1, { signal: AbortSignal.abort('why') }),
      queue.run(echo, 1, { signal: AbortSignal.abort('why') }),
      queue.addBulk(echo, [1], { signal: AbortSignal.abort('why') }),
    ]) {
      const error = await caught(refused);
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'why', jobName: 'echo' });
    }
    expect(queue.stats().totals.added).toBe(0);
  });

  test('cancels a waiting job', async () => {
    const queue = makeQueue();
    queue.pause();
    const controller = new AbortController();
    const job = await queue.add(echo, 1, { signal: controller.signal });
    const told = next(queue, 'cancelled');
    controller.abort('enough');
    expect((await told)[0].id).toBe(job.id);
    expect(job.state).toBe('cancelled');
    const error = await caught(job.result());
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough', jobId: job.id, jobName: 'echo' });
    expect(error.attempt, 'there was none').toBeUndefined();
    expectBalanced(queue);
  });

  test('cancels a delayed job', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    const job = await queue.add(echo, 1, { signal: controller.signal, delay: 3_600_000 });
    controller.abort();
    expect(job.state).toBe('cancelled');
    expect(queue.list('delayed')).toEqual([]);
    expectBalanced(queue);
  });

  test('cancels an active job, and frees its thread', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    const job = await queue.add(misbehave, { does: 'loop' }, { signal: controller.signal, timeout: 60_000 });
    await next(queue, 'active');
    controller.abort(new Error('stop it'));
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ jobId: job.id, attempt: 1, reason: { message: 'stop it' } });
    expect(error.message).toContain('stop it');
    expect(await queue.run(echo, 'next')).toBe('next');
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['cancelled']);
    expectBalanced(queue);
  });

  test('shared by a hundred jobs has one listener and gives no warning', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on('warning', note);
    const queue = makeQueue();
    queue.pause();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: any[]) => {
      listeners++;
      return (addEventListener as any).apply(signal, args);
    };
    signal.removeEventListener = (...args: any[]) => {
      listeners--;
      return (removeEventListener as any).apply(signal, args);
    };
    const jobs = await Promise.all(Array.from({ length: 100 }, (_, index) => queue.add(echo, index, { signal })));
    expect(listeners).toBe(1);
    jobs[0].cancel();
    expect(listeners).toBe(1);
    controller.abort();
    expect(jobs.every(({ state }) => state === 'cancelled')).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  test('keeps no listener when its last job has ended', async () => {
    const queue = makeQueue();
    const { signal } = new AbortController();
    const removed: string[] = [];
    const { removeEventListener } = signal;
    signal.removeEventListener = (...args: any[]) => {
      removed.push(args[0]);
      return (removeEventListener as any).apply(signal, args);
    };
    await queue.run(echo, 1, { signal });
    expect(removed).toEqual(['abort']);
  });
});

describe('the handle', () => {
  test('cancels a job that waits behind another in a batch, and only that', async () => {
    const queue = makeQueue();
    await warmUp((warm) => queue.run(echo, warm));
    const gate = makeGate();
    const quick = variant(hold, {});
    queue.pause();
    const first = await queue.add(quick, { gate: gate.memory, value: 'first' });
    const second = await queue.add(echo, 'second');
    const third = await queue.add(echo, 'third');
    queue.resume();
    await next(queue, 'progress');
    expect(second.cancel('not needed')).toBe(true);
    expect(second.state).toBe('cancelled');
    gate.open();
    expect(await first.result()).toBe('first');
    expect(await third.result()).toBe('third');
    expect(queue.stats().threads.killed).toBe(0);
    expectBalanced(queue);
  });

  test.each(['loop', 'throw-if-aborted', 'await'])(
    'with a grace period a handler that stops by itself (%s) keeps its thread',
    async (how) => {
      const queue = makeQueue();
      const before = await queue.run(where, 1);
      const job = await queue.add(polite, { how });
      await next(queue, 'progress');
      expect(job.cancel('stop')).toBe(true);
      const error = await caught(job.result());
      expect(error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'stop', jobId: job.id });
      expect(job.state).toBe('cancelled');
      expect(await queue.run(where, 1)).toBe(before);
      expect(queue.stats().threads.killed).toBe(0);
      expectBalanced(queue);
    },
  );

  test.each(['loop', 'throw-if-aborted', 'await'])('a timed-out handler that stops by itself (%s) keeps its thread', async (how) => {
    const queue = makeQueue();
    const before = await queue.run(where, 1);
    const error = await caught(queue.run(polite, { how }, { timeout: 50, maxAttempts: 1 }));
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', timeout: 50 });
    expect(await queue.run(where, 1)).toBe(before);
    expect(queue.stats()).toMatchObject({ threads: { killed: 0 }, totals: { timedOut: 1 } });
  });

  test('with a grace period a handler that does not stop loses its thread', async () => {
    const queue = makeQueue();
    const job = await queue.add(stubborn, 1);
    await next(queue, 'progress');
    const killed = next(queue, 'thread-killed');
    job.cancel();
    expect((await killed)[0]).toMatchObject({ reason: 'cancelled', jobId: job.id });
    expect((await caught(job.result())).code).toBe('ERR_CANCELLED');
    expect(await queue.run(echo, 'next')).toBe('next');
    expect(queue.stats().threads.killed).toBe(1);
  });

  test('cancels for good also while a timed-out attempt is in its grace period', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(polite, { how: 'gate', gate: gate.memory }, { timeout: 50, maxAttempts: 2 });
    await next(queue, 'progress', (_job, value) => value === 'told');
    const accepted = job.cancel('and for good');
    gate.open();
    const ended = Promise.race([next(queue, 'cancelled'), next(queue, 'retrying'), next(queue, 'failed')]);
    await ended;
    expect(accepted).toBe(true);
    expect(job.state).toBe('cancelled');
  });

  test('an abort listener that throws does not leave a dead thread behind', async () => {
    const queue = makeQueue();
    const job = await queue.add(polite, { how: 'listener-throws' });
    await next(queue, 'progress');
    const killed = next(queue, 'thread-killed');
    job.cancel();
    expect((await caught(job.result())).code).toBe('ERR_CANCELLED');
    expect(await queue.run(echo, 'next')).toBe('next');
    expect((await killed)[0].reason).not.toBe('stuck');
  });

  test('a cancelled active job is not retried', async () => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does: 'never' }, { timeout: 60_000 });
    await next(queue, 'active');
    job.cancel();
    await caught(job.result());
    expect(queue.stats().totals).toMatchObject({ retried: 0, cancelled: 1, failed: 0 });
    expect(queue.deadLetters.size).toBe(0);
  });
});

test('a reason whose text cancels the job again takes nobody else along', async () => {
  const queue = makeQueue();
  queue.pause();
  const others = await queue.addBulk(echo, [1, 2]);
  const job = await queue.add(echo, 3);
  const reason = {
    toString() {
      job.cancel('again');
      return 'because';
    },
  };
  expect(job.cancel(reason)).toBe(true);
  expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'again' });
  queue.resume();
  expect(await Promise.all(others.map((one) => one.result()))).toEqual([1, 2]);
  expect(queue.stats().totals).toMatchObject({ cancelled: 1, completed: 2 });
  expectBalanced(queue);
});

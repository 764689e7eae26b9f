import { CrashError, UnrecoverableError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { holdAsync, leaves, misbehave } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, warmUp } from '../helpers.js';

describe('a crash', () => {
  test('by process.exit has the reason exit and the code', async () => {
    const queue = makeQueue();
    const killed = next(queue, 'thread-killed');
    const job = await queue.add(misbehave, { does: 'exit' }, { maxAttempts: 1 });
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(CrashError);
    expect(error).toMatchObject({ code: 'ERR_CRASH', reason: 'exit', exitCode: 7, jobId: job.id, jobName: 'misbehave', attempt: 1 });
    expect((await killed)[0]).toMatchObject({ reason: 'crashed', jobId: job.id });
    expect(job.attempts).toMatchObject([{ outcome: 'crashed' }]);
    expect(await queue.run(echo, 'next')).toBe('next');
    expect(queue.stats().totals.crashed).toBe(1);
  });

  test.each([
    ['uncaught', TypeError, 'nobody caught this'],
    ['rejection', RangeError, 'nobody handled this'],
  ])('by an error nobody caught (%s) has it as cause', async (does, type, message) => {
    const queue = makeQueue();
    const error = await caught(queue.run(misbehave, { does }, { maxAttempts: 1, timeout: 20_000 }));
    expect(error).toBeInstanceOf(CrashError);
    expect(error).toMatchObject({ reason: 'uncaught', attempt: 1 });
    expect(error.cause).toBeInstanceOf(type);
    expect(error.cause.message).toBe(message);
    expect(await queue.run(echo, 'next')).toBe('next');
  });

  test('by lack of memory has the reason out-of-memory', async () => {
    const queue = makeQueue({ worker: { resourceLimits: { maxOldGenerationSizeMb: 24 } } });
    const error = await caught(queue.run(misbehave, { does: 'memory' }, { maxAttempts: 1, timeout: 25_000 }));
    expect(error).toBeInstanceOf(CrashError);
    expect(error.reason).toBe('out-of-memory');
    expect(await queue.run(echo, 'next')).toBe('next');
  });

  test.each(['exit', 'uncaught'])('(%s) is retried', async (does) => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does, bad: 1 }, { timeout: 20_000 });
    expect(await job.result()).toMatchObject({ attempt: 2 });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['crashed', 'completed']);
  });

  test('leaves its neighbours in the batch untouched', async () => {
    const queue = makeQueue();
    await warmUp(() => queue.run(misbehave, { does: 'fine' }));
    queue.pause();
    const crash = await queue.add(misbehave, { does: 'exit' }, { maxAttempts: 1 });
    const behind = await queue.addBulk(
      misbehave,
      Array.from({ length: 10 }, () => ({ does: 'fine' })),
    );
    queue.resume();
    await caught(crash.result());
    for (const job of behind) expect(await job.result()).toMatchObject({ attempt: 1 });
    expectBalanced(queue);
  });

  test('an UnrecoverableError is not retried', async () => {
    const queue = makeQueue();
    const error = await caught(queue.run(misbehave, { does: 'unrecoverable' }));
    expect(error).toBeInstanceOf(UnrecoverableError);
    expect(error).toMatchObject({ code: 'ERR_UNRECOVERABLE', message: 'pointless', attempt: 1 });
    expect(queue.stats().totals.retried).toBe(0);
  });
});

describe('a late error', () => {
  test.each([
    ['throw', 'late throw'],
    ['reject', 'late rejection'],
  ])('(%s) is charged to the job that left it, and its thread is replaced', async (does, message) => {
    const queue = makeQueue();
    const gate = makeGate();
    const guilty = await queue.add(leaves, { gate: gate.memory, does });
    const threadId = await guilty.result();
    const late = next(queue, 'late-error');
    const killed = next(queue, 'thread-killed');
    gate.open();
    const [event, error] = await late;
    expect(event).toMatchObject({ threadId, jobId: guilty.id });
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toBe(message);
    expect((await killed)[0]).toMatchObject({ threadId, reason: 'late-error' });
    expect(guilty.state).toBe('completed');
    expect(await queue.run(echo, 'next')).toBe('next');
  });

  test.each(['throw', 'reject'])('(%s) does not hurt the job that runs then', async (does) => {
    const queue = makeQueue();
    const late = makeGate();
    const hold = makeGate();
    const guilty = await queue.add(leaves, { gate: late.memory, does });
    await guilty.result();
    const innocent = await queue.add(holdAsync, { gate: hold.memory, value: 'innocent' });
    await next(queue, 'progress');
    const told = next(queue, 'late-error');
    late.open();
    expect((await told)[0].jobId).toBe(guilty.id);
    hold.open();
    expect(await innocent.result()).toBe('innocent');
    expect(innocent.attempts).toMatchObject([{ outcome: 'completed', number: 1 }]);
    expectBalanced(queue);
  });

  test('exit: the innocent job that ran then is interrupted, and runs again at no cost', async () => {
    const queue = makeQueue();
    const late = makeGate();
    const hold = makeGate();
    const guilty = await queue.add(leaves, { gate: late.memory, does: 'exit' });
    await guilty.result();
    const innocent = await queue.add(holdAsync, { gate: hold.memory, value: 'innocent' }, { maxAttempts: 1 });
    await next(queue, 'progress');
    const told = next(queue, 'late-error');
    late.open();
    expect((await told)[0].jobId).toBe(guilty.id);
    hold.open();
    expect(await innocent.result()).toBe('innocent');
    expect(innocent.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'interrupted'],
      [1, 'completed'],
    ]);
    expect(queue.stats().totals.interrupted).toBe(1);
    expectBalanced(queue);
  });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { QueueEvent } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from './fixtures/answers.job.js';
import { misbehave } from './fixtures/misbehaves.job.js';
import { caught, EVENTS, history, makeGate, makeQueue, next } from './helpers.js';

describe('events', () => {
  const told = (log: ReturnType<typeof history>) => log.map(({ event }) => event);

  test('of a job that completes', async () => {
    const queue = makeQueue();
    const log = history(queue);
    const drained = next(queue, 'drained');
    const job = await queue.add(echo, 1);
    await drained;
    expect(told(log)).toEqual(['added', 'active', 'completed', 'drained']);
    for (const { event, args } of log) expect(args.map(({ id }) => id)).toEqual(event === 'drained' ? [] : [job.id]);
  });

  test('of a job that is retried and fails', async () => {
    const queue = makeQueue();
    const log = history(queue);
    const drained = next(queue, 'drained');
    const job = await queue.add(flaky, { failures: 9 }, { maxAttempts: 2 });
    await drained;
    expect(told(log)).toEqual(['added', 'active', 'retrying', 'active', 'failed', 'drained']);
    expect(log[2].args).toEqual([expect.objectContaining({ id: job.id }), expect.objectContaining({ message: 'failure 1' }), 0]);
    expect(log[4].args).toEqual([expect.objectContaining({ id: job.id }), expect.objectContaining({ message: 'failure 2' })]);
  });

  test('of a failed job come when it is a dead letter', async () => {
    const queue = makeQueue();
    const seen: unknown[] = [];
    queue.on('failed', (job) => void seen.push(queue.deadLetters.get(job.id)?.id));
    const job = await queue.add(flaky, { failures: 1 }, { maxAttempts: 1 });
    await caught(job.result());
    expect(seen).toEqual([job.id]);
  });

  test('of cancel, pause, resume', async () => {
    const queue = makeQueue();
    const log = history(queue);
    queue.pause();
    queue.pause(echo);
    const job = await queue.add(echo, 1);
    job.cancel();
    queue.resume(echo);
    queue.resume();
    expect(told(log)).toEqual(['paused', 'paused', 'added', 'cancelled', 'drained', 'resumed', 'resumed']);
    expect(log.map(({ args }) => args[0]?.id ?? args[0])).toEqual([undefined, 'echo', job.id, job.id, undefined, 'echo', undefined]);
  });

  test('of a killed thread name thread, reason and job', async () => {
    const queue = makeQueue();
    const killed = next(queue, 'thread-killed');
    const job = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
    expect(await killed).toEqual([{ threadId: expect.any(Number), reason: 'timed-out', jobId: job.id }]);
    await caught(job.result());
  });

  test('of progress carry the value', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(hold, { gate: gate.memory });
    const [told, value] = await next(queue, 'progress');
    expect([told.id, value, job.progress]).toEqual([job.id, 'holding', 'holding']);
    gate.open();
  });

  test('a listener that throws or rejects hurts nobody, and is reported', async () => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const queue = makeQueue({ logger: { trace() {}, debug() {}, info() {}, warn() {}, error: note } });
    const log = history(queue);
    for (const event of ['added', 'active', 'completed', 'drained'] as const) {
      queue.prependListener(event, () => {
        throw new Error(`sync ${event}`);
      });
      queue.prependListener(event, (async () => {
        throw new Error(`async ${event}`);
      }) as never);
    }
    const drained = next(queue, 'drained');
    expect(await queue.run(echo, 'fine')).toBe('fine');
    await drained;
    await new Promise((resolve) => setImmediate(resolve));
    expect(told(log)).toEqual(['added', 'active', 'completed', 'drained']);
    for (const event of ['added', 'active', 'completed', 'drained']) {
      expect(JSON.stringify(lines)).toContain(`sync ${event}`);
      expect(JSON.stringify(lines)).toContain(`async ${event}`);
    }
  });

  test('without a logger a failing listener is a process warning', async () => {
    const queue = makeQueue();
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    queue.once('added', () => {
      throw new Error('in a listener');
    });
    await queue.run(echo, 1);
    expect((await warned).message).toContain('in a listener');
  });

  test('a listener added with once is called once', async () => {
    const queue = makeQueue();
    let calls = 0;
    queue.once('completed', () => void calls++);
    await queue.run(echo, 1);
    await queue.run(echo, 2);
    expect(calls).toBe(1);
  });

  test('go out on diagnostics channels, with the name of the queue', async () => {
    const queue = makeQueue({ name: 'observed' });
    const heard: [QueueEvent, any][] = [];
    const subscriptions = EVENTS.map((event) => {
      const listener = (message: unknown) => void heard.push([event, message]);
      subscribe(`threadmill:${event}`, listener);
      return () => unsubscribe(`threadmill:${event}`, listener);
    });
    const job = await queue.add(flaky, { failures: 1 });
    await job.result();
    for (const undo of subscriptions) undo();
    expect(heard.map(([event]) => event)).toEqual(['added', 'active', 'retrying', 'active', 'completed', 'drained']);
    for (const [event, message] of heard) {
      expect(message.queue).toBe('observed');
      expect(message.args[0]?.id).toBe(event === 'drained' ? undefined : job.id);
    }
  });
});

// biome-ignore-all lint/suspicious/noThenProperty: thenables are what some of these tests are about.
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { QueueLogger } from 'threadmill';
import { describe, expect, onTestFinished, test } from 'vitest';
import { echo, flaky } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { caught, makeQueue, next, variant } from '../helpers.js';

/** What nobody caught in this process, from now on. */
function unhandled(): unknown[] {
  const seen: unknown[] = [];
  const listener = (error: unknown) => void seen.push(error);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  return seen;
}

const logger = (log: () => unknown): QueueLogger => ({ trace: log, debug: log, info: log, warn: log, error: log }) as QueueLogger;

/** Waits for no one, and rejects those who wait. */
const rejecting = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error('then rejects')) };
const nasty = {
  get then() {
    throw new Error('then cannot be read');
  },
};

describe('a logger', () => {
  test.each([
    ['rejects', () => Promise.reject(new Error('no disk'))],
    ['gives a thenable that rejects', () => rejecting],
    ['gives what cannot be read', () => nasty],
    [
      'throws',
      () => {
        throw new Error('no disk');
      },
    ],
  ])('that %s does no harm', async (_, log) => {
    const seen = unhandled();
    const queue = makeQueue({ logger: logger(log) });
    const job = await queue.add(flaky, { failures: 1 }, { maxAttempts: 2 });
    expect(await job.result()).toBe(2);
    expect(await caught(queue.run(misbehave, { does: 'throw' }, { maxAttempts: 1 }))).toHaveProperty('message', 'thrown');
    await queue.close();
    await turn();
    expect(seen).toEqual([]);
  });
});

describe('a listener', () => {
  test.each([
    ['a promise', Promise.reject.bind(Promise, new Error('listener rejects'))],
    ['a thenable', () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('listener rejects')) })],
  ])('that rejects by %s is reported', async (_, listener) => {
    const seen = unhandled();
    const lines: object[] = [];
    const queue = makeQueue({ logger: logger((...args: unknown[]) => void lines.push(args)) as QueueLogger });
    queue.on('completed', listener as () => void);
    await queue.run(echo, 1);
    await turn();
    expect(inspect(lines, { depth: 5 })).toContain('listener rejects');
    expect(seen).toEqual([]);
  });
});

describe('a backoff function', () => {
  test('that is asynchronous is reported, and what it rejects with is not left to the process', async () => {
    const seen = unhandled();
    const lines: unknown[] = [];
    const queue = makeQueue({ logger: logger((...args: unknown[]) => void lines.push(args)) as QueueLogger });
    const backoff = async () => {
      throw new Error('async backoff');
    };
    const retried = next(queue, 'retrying');
    const job = await queue.add(flaky, { failures: 1 }, { backoff: backoff as never });
    await retried;
    expect(inspect(lines, { depth: 5 })).toMatch(/backoff returned \[object Promise\]/);
    job.cancel();
    await turn();
    expect(seen).toEqual([]);
  });
});

describe('a schema', () => {
  test('that gives a thenable which is no Promise is awaited', async () => {
    const thenable = (value: unknown) => ({ then: (resolve: (checked: object) => void) => resolve({ value: `${value} parsed` }) });
    const input = { '~standard': { version: 1, vendor: 'test', validate: thenable } };
    const queue = makeQueue();
    const parsing = variant(echo, { input } as never);
    expect(await queue.run(parsing, 'input')).toBe('input parsed');
    const [job] = await queue.addBulk(parsing, ['bulk']);
    expect(await job.result()).toBe('bulk parsed');
  });
});

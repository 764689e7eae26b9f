import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobQueue, QueueOptions } from 'threadmill';
import { afterEach, describe, expect, test } from 'vitest';
import { caught, makeQueue, next, thrownBy, until } from '../helpers.js';
import { counter, failsAtTheEnd, seen, stubborn, unsteady } from './fixtures/resource.job.js';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function notingQueue(options: QueueOptions = {}): { queue: JobQueue; lines: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'threadmill-resource-'));
  folders.push(folder);
  const file = join(folder, 'lines');
  const lines = () => {
    try {
      return readFileSync(file, 'utf8').trimEnd().split('\n');
    } catch {
      return [];
    }
  };
  return { queue: makeQueue({ worker: { data: { file } }, ...options }), lines };
}

const settled = (queue: JobQueue) => queue.stats().threads.starting === 0;

describe('setup and teardown', () => {
  test('once in each thread before its first job, and when the queue closes, before exit handlers', async () => {
    const { queue, lines } = notingQueue();
    const thread = await queue.run(counter, 1);
    await queue.run(counter, 2);
    expect(lines()).toEqual([`setup ${thread}`]);
    await queue.close();
    expect(lines()).toEqual([`setup ${thread}`, `teardown after 2 ${thread}`, `exit ${thread}`]);
  });

  test('not in threads that only load the module', async () => {
    const { queue, lines } = notingQueue({ threads: 2, spareThreads: 1 });
    await queue.run(counter, 1);
    await until(() => settled(queue));
    await queue.close();
    expect(lines()).toHaveLength(3);
  });

  test.each<[string, QueueOptions]>([
    ['recycled', { recycle: { jobs: 1 }, spareThreads: 1 }],
    ['not needed any more', { minThreads: 0, idleTimeout: 1 }],
  ])('when a thread is %s', async (_why, options) => {
    const { queue, lines } = notingQueue(options);
    const events: unknown[] = [];
    for (const event of ['late-error', 'thread-killed'] as const) queue.on(event, (told: unknown) => events.push(told));
    const thread = await queue.run(counter, 1);
    await until(() => lines().length === 3);
    expect(lines()).toEqual([`setup ${thread}`, `teardown after 1 ${thread}`, `exit ${thread}`]);
    expect(events).toEqual([]);
  });

  test('not when it is killed', async () => {
    const { queue, lines } = notingQueue({ spareThreads: 1 });
    await caught(queue.run(counter, 'loop', { timeout: 50, maxAttempts: 1 }));
    const second = await queue.run(counter, 1);
    await queue.close();
    expect(lines().slice(1)).toEqual([`setup ${second}`, `teardown after 1 ${second}`, `exit ${second}`]);
  });

  test('a setup that throws fails its attempt, and is tried again', async () => {
    const queue = makeQueue();
    const job = await queue.add(unsteady, 1);
    expect(await job.result()).toEqual({ resource: 2, attempt: 2 });
    expect(job.attempts[0]).toMatchObject({ outcome: 'failed', error: { name: 'RangeError', message: 'not yet' } });
  });

  test('a teardown that never ends holds nobody up', async () => {
    const queue = makeQueue();
    await queue.run(stubborn, 1);
    expect(await queue.close()).toEqual({ unfinished: [] });
  });

  test('a teardown that throws is a late error; others have theirs', async () => {
    const { queue, lines } = notingQueue({ recycle: { jobs: 2 }, spareThreads: 1 });
    const late = next(queue, 'late-error');
    await queue.run(counter, 1);
    await queue.run(failsAtTheEnd, 1);
    const [, error] = await late;
    expect(error).toMatchObject({ message: 'cannot be closed' });
    await until(() => lines().length === 3);
  });
});

test('options of threads', async () => {
  const queue = makeQueue({ worker: { name: 'renderer', niceIncrement: 3 } });
  expect(await queue.run(seen, 1)).toEqual({ nice: getPriority() + 3, name: process.platform === 'linux' ? 'renderer' : '' });
});

test('data that cannot be cloned is refused', () => {
  expect(thrownBy(() => makeQueue({ worker: { data: () => {} } })).message).toMatch(/"worker\.data": expected what can be cloned/);
});

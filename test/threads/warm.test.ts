import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { CancelledError, type JobQueue, type QueueOptions } from 'threadmill';
import { afterEach, describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { culprit } from '../fixtures/culprit.job.js';
import { awaitsForEver } from '../fixtures/loading.job.js';
import { stuck } from '../fixtures/stuck.job.js';
import { caught, makeQueue, next, until, variant } from '../helpers.js';
import { noted } from './fixtures/notes-loads.job.js';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A queue whose threads say that they have loaded the module. */
function notingQueue(options: QueueOptions): { queue: JobQueue; loads: () => number[] } {
  const folder = mkdtempSync(join(tmpdir(), 'threadmill-loads-'));
  folders.push(folder);
  const queue = makeQueue({ ...options, worker: { env: { ...process.env, LOADS: folder } } });
  return { queue, loads: () => readdirSync(folder).map(Number) };
}

const settled = (queue: JobQueue) => queue.stats().threads.starting === 0;

test('all threads load a module once its first job was added, the spare one too', async () => {
  const { queue, loads } = notingQueue({ threads: 2, spareThreads: 1 });
  await queue.ready();
  expect(loads()).toEqual([]);
  await queue.run(noted, 1);
  await until(() => loads().length === 3);
});

describe('threads take the cores from each other while they boot, and from a program that starts:', () => {
  test('one boots, then the others, then those in reserve', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    expect(queue.stats().threads).toMatchObject({ size: 1, starting: 1 });
    const starting = new Set<number>();
    await until(() => {
      starting.add(queue.stats().threads.starting);
      return queue.stats().threads.size === 3 && settled(queue);
    });
    expect(Math.max(...starting)).toBe(1);
  });

  test('as many boot as there are jobs', async () => {
    // However long this takes on a busy machine, none of them has booted.
    const never = variant(awaitsForEver, { loadTimeout: 600_000 });
    const queue = makeQueue({ threads: 4, spareThreads: 1, jobs: [never] });
    await queue.add(echo, 1);
    await queue.add(echo, 2);
    await turn();
    expect(queue.stats().threads).toMatchObject({ size: 2, starting: 2 });
    await queue.addBulk(echo, [3, 4, 5]);
    await turn();
    expect(queue.stats().threads).toMatchObject({ size: 4, starting: 4 });
  });

  test('the others boot when the first has loaded the module of its job', async () => {
    const queue = makeQueue({ threads: 3, spareThreads: 1 });
    await queue.add(variant(awaitsForEver, { loadTimeout: 600_000 }), 1);
    await until(() => queue.stats().threads.busy === 1);
    const second = await queue.add(echo, 2);
    await next(queue, 'active', ({ id }) => id === second.id);
    expect(queue.stats().threads).toMatchObject({ size: 2, busy: 2 });
    await second.result();
    await until(() => queue.stats().threads.size === 4);
  });

  test('they do not wait for the job itself', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.add(stuck, 'loop', { timeout: 600_000 });
    await until(() => queue.stats().threads.size === 3);
    expect(queue.stats().threads.busy).toBe(1);
  });

  test('nor for one that is taken back before it starts', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    queue.on('active', () => void queue.cancel());
    // It takes the thread longer to read than the listener to be called.
    const large = Array.from({ length: 100_000 }, (_, index) => ({ index }));
    const job = await queue.add(echo, large);
    expect(await caught(job.result())).toBeInstanceOf(CancelledError);
    await until(() => queue.stats().threads.size === 3);
  });

  test('all boot at once where somebody waits for them, but those in reserve', async () => {
    const queue = makeQueue({ threads: 3, spareThreads: 1 });
    const ready = queue.ready();
    expect(queue.stats().threads).toMatchObject({ size: 3, starting: 3 });
    await ready;
    expect(queue.stats().threads.size).toBe(4);
  });

  test('one that loads a module has booted: who waits for all does not wait for ever', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.run(echo, 1);
    await queue.add(variant(awaitsForEver, { loadTimeout: 600_000 }), 1, { delay: 1e9 });
    await queue.ready();
    expect(queue.stats().threads.size).toBe(3);
  });

  test('elastic ones too', async () => {
    const queue = makeQueue({ threads: 4, minThreads: 2 });
    expect(queue.stats().threads).toMatchObject({ size: 1, starting: 1 });
    await until(() => queue.stats().threads.size === 2);
    const none = makeQueue({ threads: 4, minThreads: 0 });
    expect(none.stats().threads.size).toBe(0);
  });
});

test('a delayed job is enough', async () => {
  const { queue, loads } = notingQueue({ threads: 1 });
  await queue.add(noted, 1, { delay: 1e9 });
  await until(() => loads().length === 1);
});

test('a thread that takes the place of a killed one has loaded what is used', async () => {
  const { queue, loads } = notingQueue({ threads: 1, spareThreads: 1 });
  await queue.run(noted, 1);
  await until(() => loads().length === 2 && settled(queue));
  const loaded = loads();
  await caught(queue.run(noted, 'loop', { timeout: 20, maxAttempts: 1 }));
  expect(loaded).toContain(await queue.run(noted, 1));
  await until(() => loads().length === 3 && settled(queue));
});

test('a thread that an earlier job holds for ever loads nothing: it is replaced, and the module is not to blame', async () => {
  const { queue, loads } = notingQueue({ threads: 1 });
  await queue.run(culprit, { does: 'microtask loop late' });
  const killed = next(queue, 'thread-killed');
  const job = await queue.add(noted, 1, { delay: 1e9 });
  expect((await killed)[0].reason).toBe('stuck');
  await until(() => loads().length === 1);
  expect([job.state, queue.stats().threads.killed]).toEqual(['delayed', 1]);
});

test.each([
  ['throws', 'throw'],
  ['ends its thread', 'exit'],
  ['leaves an error behind', 'reject'],
  ['never ends', 'hang'],
])('a module that %s is no concern of others, and is not loaded again and again', async (_what, does) => {
  const { queue, loads } = notingQueue({ threads: 2, spareThreads: 1 });
  await queue.ready();
  const bad = variant(noted, { module: `${noted.module}?does=${does}`, ...(does === 'hang' && { loadTimeout: 300 }) });
  const job = await queue.add(bad, 1, { delay: 1e9 });
  // On a busy machine its time may be over before it has said so.
  await until(() => loads().length > 0 || queue.stats().threads.killed > 0);
  expect(await queue.run(echo, 'innocent')).toBe('innocent');
  await until(() => settled(queue));
  const other = await queue.addBulk(
    echo,
    Array.from({ length: 50 }, (_, index) => index),
  );
  expect(await Promise.all(other.map((one) => one.result()))).toHaveLength(50);
  await until(() => settled(queue) && queue.stats().threads.size === 3);
  if (does !== 'throw') expect(loads().length).toBeLessThanOrEqual(2);
  await job.cancel();
});

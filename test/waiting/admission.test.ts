import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, isCollected, makeQueue } from '../helpers.js';

async function turns(count: number) {
  for (let n = 0; n < count; n++) await turn();
}

/** One of two places is taken, and somebody who needs two stands in line. */
async function oneInLine(signal?: AbortSignal) {
  const queue = makeQueue({ maxWaiting: 2 });
  queue.pause();
  // Threads that open later would let somebody in.
  await queue.ready();
  await queue.add(echo, 'first');
  const bulk = queue.addBulk(echo, ['second', 'third'], signal ? { signal } : {});
  bulk.catch(() => {});
  await turns(2);
  return { queue, bulk };
}

describe('who waits for room', () => {
  test('is not overtaken by one who needs less of it', async () => {
    const { queue, bulk } = await oneInLine();
    let accepted = false;
    const later = queue.add(echo, 'fourth').finally(() => {
      accepted = true;
    });
    await turns(20);
    expect(accepted).toBe(false);
    expect(queue.list('waiting')).toHaveLength(1);
    const started: unknown[] = [];
    queue.on('active', ({ input }) => void started.push(input));
    queue.resume();
    await Promise.all([...(await bulk), await later].map((job) => job.result()));
    expect(started).toEqual(['first', 'second', 'third', 'fourth']);
  });

  test('makes way at once when its signal is aborted', async () => {
    const controller = new AbortController();
    const { queue, bulk } = await oneInLine(controller.signal);
    const behind = queue.add(echo, 'fourth');
    controller.abort('too late');
    expect(await caught(bulk)).toMatchObject({ code: 'ERR_CANCELLED', reason: 'too late' });
    await turns(5);
    expect(queue.list('waiting').map(({ input }) => input)).toEqual(['first', 'fourth']);
    expect((await behind).state).toBe('waiting');
  });

  test('leaves no listener on its signal, let in or refused', async () => {
    const controller = new AbortController();
    const { queue, bulk } = await oneInLine(controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    queue.resume();
    await Promise.all((await bulk).map((job) => job.result()));
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    const full = await oneInLine(controller.signal);
    await full.queue.close({ drain: 'none' });
    expect(await caught(full.bulk)).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});

test('who was let in is not kept in memory for those who still wait', async () => {
  const queue = makeQueue({ maxWaiting: 1, keepCompleted: 0 });
  queue.pause();
  await queue.add(echo, 'first');
  const adds = Array.from({ length: 3_000 }, () => queue.add(echo, 'next'));
  const letIn = async () => {
    for (const job of queue.list('waiting')) job.cancel();
    return new WeakRef(await (adds.shift() as (typeof adds)[0]));
  };
  const first = await letIn();
  for (let more = 0; more < 2_000; more++) await letIn();
  expect(await isCollected(first)).toBe(true);
  queue.resume();
  await Promise.all(adds);
});

test('10 000 jobs wait by default, and no more', async () => {
  const queue = makeQueue({ whenFull: 'reject' });
  queue.pause();
  const inputs = Array.from({ length: 10_000 }, (_, n) => n);
  expect(await queue.addBulk(echo, inputs)).toHaveLength(10_000);
  const error = await caught(queue.add(echo, 1));
  expect(error).toBeInstanceOf(QueueFullError);
  expect(error.message).toMatch(/^10000 jobs wait, and 1 more would be over maxWaiting \(10000\)/);
});

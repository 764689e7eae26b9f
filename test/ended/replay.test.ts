import { describe, expect, test } from 'vitest';
import { flaky, other } from '../fixtures/answers.job.js';
import { leavesTraces } from '../fixtures/last-words.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { caught, history, makeQueue } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const FAILS = { fails: true };

async function deadLetter(queue: ReturnType<typeof makeQueue>, options: object = {}) {
  const job = await queue.add(leavesTraces, FAILS, options);
  await caught(job.result());
  return job;
}

describe('a replayed job', () => {
  test('does not go on from the checkpoint of its former life', async () => {
    const queue = makeQueue();
    const { id } = await deadLetter(queue);
    const replayed = await queue.deadLetters.replay(id, { input: { fails: false } });
    expect(await replayed.result()).toEqual({ attempt: 1, lastCheckpoint: undefined });
  });

  test('shows no progress of its former life', async () => {
    const queue = makeQueue();
    const job = await deadLetter(queue);
    expect(job.progress).toBe('half');
    queue.pause();
    expect((await queue.deadLetters.replay(job.id)).progress).toBeUndefined();
  });

  test('is told of as active, once', async () => {
    const queue = makeQueue();
    const told = history(queue);
    const { id } = await deadLetter(queue);
    told.length = 0;
    await (await queue.deadLetters.replay(id, { input: { fails: false } })).result();
    expect(told.map(({ event }) => event)).toEqual(['active', 'completed', 'drained']);
  });

  test('is cancelled by the signal it was added with', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    const { id } = await deadLetter(queue, { signal: controller.signal });
    queue.pause();
    const replayed = await queue.deadLetters.replay(id);
    controller.abort('no longer wanted');
    expect([replayed.state, (await caught(replayed.result())).reason]).toEqual(['cancelled', 'no longer wanted']);
  });

  test('has its idempotency key again while it lives', async () => {
    const queue = makeQueue();
    const { id } = await deadLetter(queue, { idempotencyKey: 'k' });
    queue.pause();
    await queue.deadLetters.replay(id);
    const again = await queue.add(leavesTraces, FAILS, { idempotencyKey: 'k' });
    expect([again.id, again.deduplicated]).toEqual([id, true]);
  });

  test('leaves the key with a newer job that has it, also when it ends', async () => {
    const queue = makeQueue();
    const { id } = await deadLetter(queue, { idempotencyKey: 'k' });
    queue.pause();
    const newer = await queue.add(leavesTraces, FAILS, { idempotencyKey: 'k' });
    expect(newer.id).not.toBe(id);
    const replayed = await queue.deadLetters.replay(id).catch(() => undefined);
    expect((await queue.add(leavesTraces, FAILS, { idempotencyKey: 'k' })).id).toBe(newer.id);
    if (replayed?.id === id) replayed.cancel();
    expect((await queue.add(leavesTraces, FAILS, { idempotencyKey: 'k' })).id).toBe(newer.id);
  });
});

test('replay and remove of what failed before a time go by the time of the failure', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  queue.pause(misbehave);
  const late = await queue.add(misbehave, { does: 'throw' }, { maxAttempts: 1 });
  const early = await queue.add(flaky, { failures: 9 }, { maxAttempts: 1 });
  await queue.drain();
  await queue.clock.advance(1_000);
  const between = queue.clock.now();
  queue.resume(misbehave);
  await queue.drain();
  expect([early.state, late.state]).toEqual(['failed', 'failed']);
  expect((await queue.deadLetters.replay({ before: between })).map(({ id }) => id)).toEqual([early.id]);
  expect(queue.deadLetters.remove({ before: between })).toBe(0);
  expect(queue.deadLetters.list().map(({ id }) => id)).toEqual([late.id]);
});

test('a job that ends frees no key but its own', async () => {
  const queue = makeQueue();
  queue.pause();
  const keyed = await queue.add(other, 1, { idempotencyKey: 'k' });
  (await queue.add(other, 2)).cancel();
  (await queue.add(other, 3, { idempotencyKey: 'other' })).cancel();
  expect((await queue.add(other, 1, { idempotencyKey: 'k' })).id).toBe(keyed.id);
});

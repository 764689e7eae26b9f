import { IdempotencyError, type JobQueue, NotFoundError, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { flaky, hold } from '../fixtures/answers.job.js';
import { caught, expectBalanced, history, makeGate, makeQueue, next } from '../helpers.js';

const key = { idempotencyKey: 'k' };

/** A dead letter with the key `k`; its next attempt would complete. */
async function deadLetter(queue: JobQueue, input: object = { failures: 1 }) {
  const job = await queue.add(flaky, input as never, { ...key, maxAttempts: 1 });
  await caught(job.result());
  return job;
}

describe('a dead letter whose idempotency key stands for a newer job', () => {
  test('is answered with that job while it lives, and does not run beside it', async () => {
    const queue = makeQueue();
    const letter = await deadLetter(queue);
    queue.pause();
    const newer = await queue.add(flaky, { failures: 1 }, { ...key, maxAttempts: 2 });
    const told = history(queue);
    const answer = await queue.deadLetters.replay(letter.id);
    expect(answer).toMatchObject({ id: newer.id, deduplicated: true });
    expect(told.map(({ event, args }) => [event, args[0].id])).toEqual([['deduplicated', newer.id]]);
    expect(queue.stats().totals).toMatchObject({ replayed: 0, deduplicated: 1 });
    expect(queue.deadLetters.size).toBe(0);
    queue.resume();
    expect(await answer.result()).toBe(2);
    await queue.close();
    expectBalanced(queue);
  });

  test('is answered with that job after it completed: the effect does not happen again', async () => {
    const queue = makeQueue();
    const letter = await deadLetter(queue);
    const newer = await queue.add(flaky, { failures: 1 }, { ...key, maxAttempts: 2 });
    await newer.result();
    expect(await queue.deadLetters.replay(letter.id)).toMatchObject({ id: newer.id, deduplicated: true, state: 'completed' });
    expect(queue.stats().totals).toMatchObject({ completed: 1, replayed: 0 });
  });

  test('is replayed when that job failed too, or was cancelled', async () => {
    const queue = makeQueue();
    const letter = await deadLetter(queue);
    queue.pause();
    (await queue.add(flaky, { failures: 1 }, key)).cancel();
    expect(await queue.deadLetters.replay(letter.id)).toMatchObject({ id: letter.id, deduplicated: false, state: 'waiting' });
  });

  test('with another input is an IdempotencyError, and stays', async () => {
    const queue = makeQueue();
    const letter = await deadLetter(queue);
    queue.pause();
    await queue.add(flaky, { failures: 0 }, key);
    expect(await caught(queue.deadLetters.replay(letter.id))).toBeInstanceOf(IdempotencyError);
    expect(queue.deadLetters.get(letter.id)).toBeDefined();
    expect(await queue.deadLetters.replay(letter.id, { input: { failures: 0 } })).toMatchObject({ deduplicated: true });
  });
});

test('a key is remembered for its ttl from the end of the job, also when that is heard of late', async () => {
  const queue = makeQueue({ idempotency: { ttl: 300 } });
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory, value: 1 }, key);
  await next(queue, 'progress');
  gate.open();
  // This thread hears of nothing meanwhile.
  for (const from = Date.now(); Date.now() - from < 600; );
  await job.result();
  const same = await queue.add(hold, { gate: gate.memory, value: 1 }, key);
  expect(same.deduplicated).toBe(Date.now() - (job.finishedAt as number) < 300);
});

describe('replay of a filter', () => {
  test('runs two dead letters of one key once', async () => {
    const queue = makeQueue();
    const [first, second] = [await deadLetter(queue), await deadLetter(queue)];
    expect(second.id).not.toBe(first.id);
    queue.pause();
    const jobs = await queue.deadLetters.replay({});
    expect(jobs.map(({ id, deduplicated }) => [id, deduplicated])).toEqual([
      [first.id, false],
      [first.id, true],
    ]);
    expect(queue.stats().totals).toMatchObject({ replayed: 1, deduplicated: 1 });
    expect(queue.deadLetters.size).toBe(0);
  });

  test('answers with the newer job that a key stands for', async () => {
    const queue = makeQueue();
    await deadLetter(queue);
    const other = await queue.add(flaky, { failures: 1 }, { maxAttempts: 1, deadLetter: true });
    await caught(other.result());
    queue.pause();
    const newer = await queue.add(flaky, { failures: 1 }, key);
    const jobs = await queue.deadLetters.replay({});
    expect(jobs.map(({ id, deduplicated }) => [id, deduplicated])).toEqual([
      [newer.id, true],
      [other.id, false],
    ]);
    expect(queue.stats().totals).toMatchObject({ replayed: 1, deduplicated: 1 });
  });

  test('is refused whole when the input of one removes another', async () => {
    const queue = makeQueue();
    let looked = () => {};
    const input = () => ({
      get failures() {
        looked();
        return 1;
      },
    });
    const first = await queue.add(flaky, { failures: 1 }, { maxAttempts: 1, deadLetter: true });
    await caught(first.result());
    const second = await deadLetter(queue, input());
    queue.pause();
    await queue.add(flaky, input(), key);
    looked = () => void queue.deadLetters.remove(first.id);
    expect(await caught(queue.deadLetters.replay({}))).toMatchObject({ code: 'ERR_NOT_FOUND', jobId: first.id });
    expect(queue.deadLetters.list().map(({ id }) => id)).toEqual([second.id]);
    expect(queue.stats().totals).toMatchObject({ replayed: 0, deduplicated: 0 });
  });

  test('is all or none', async () => {
    const queue = makeQueue();
    await deadLetter(queue, { failures: 1 });
    await deadLetter(queue, { failures: 2 });
    const told = history(queue);
    expect(await caught(queue.deadLetters.replay({}))).toBeInstanceOf(IdempotencyError);
    expect(told).toEqual([]);
    expect(queue.deadLetters.size).toBe(2);
    expect(queue.stats().totals.replayed).toBe(0);
  });

  test('takes no input, and refuses what it does not know', async () => {
    const queue = makeQueue();
    await deadLetter(queue);
    expect(await caught(queue.deadLetters.replay({} as never, { input: 1 }))).toMatchObject({
      code: 'ERR_OPTIONS',
      message: expect.stringContaining('takes no input'),
    });
    expect(await caught(queue.deadLetters.replay({ nmae: 'flaky' } as never))).toBeInstanceOf(OptionsError);
    expect(await caught(queue.deadLetters.replay(null as never))).toBeInstanceOf(OptionsError);
    expect(() => queue.deadLetters.remove({ limit: -1 })).toThrow(OptionsError);
    expect(queue.deadLetters.size).toBe(1);
  });

  test('has every dead letter replayed before anybody hears of it', async () => {
    const queue = makeQueue();
    await caught(queue.run(flaky, { failures: 1 }, { deadLetter: true }));
    await caught(queue.run(flaky, { failures: 1 }, { deadLetter: true }));
    queue.pause();
    const jobs = await queue.deadLetters.replay({});
    expect(jobs.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });
});

test('a dead letter that is gone is a NotFoundError', async () => {
  const queue = makeQueue();
  const letter = await deadLetter(queue);
  queue.deadLetters.remove(letter.id);
  expect(await caught(queue.deadLetters.replay(letter.id))).toBeInstanceOf(NotFoundError);
});

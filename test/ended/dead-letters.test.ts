import { InputError, NotFoundError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { flaky } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, expectBalanced, history, makeQueue, next } from '../helpers.js';

const failing = async (queue: ReturnType<typeof makeQueue>, count: number) => {
  const jobs = await queue.addBulk(
    flaky,
    Array.from({ length: count }, (_, index) => ({ failures: 9, secret: `s${index}` })),
    { maxAttempts: 1 },
  );
  await Promise.all(jobs.map((job) => caught(job.result())));
  return jobs;
};

describe('a dead letter', () => {
  test('has the input and every attempt', async () => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does: 'throw' }, { maxAttempts: 3, metadata: { m: 1 } });
    await caught(job.result());
    const letter = queue.deadLetters.get(job.id);
    expect(letter).toMatchObject({ id: job.id, name: 'misbehave', input: { does: 'throw' }, reason: 'failed', metadata: { m: 1 } });
    expect(letter?.error).toHaveProperty('message', 'thrown');
    expect(letter?.attempts).toHaveLength(3);
    for (const [index, attempt] of letter?.attempts.entries() ?? []) {
      expect(attempt).toMatchObject({ number: index + 1, outcome: 'failed', error: { message: 'thrown' } });
      expect(attempt.threadId).toBeGreaterThan(0);
      expect(attempt.duration).toBeGreaterThanOrEqual(0);
      expect(attempt.startedAt).toBeGreaterThan(1e12);
    }
    expect(letter?.failedAt).toBeGreaterThanOrEqual(letter?.addedAt as number);
  });

  test.each([
    ['loop', 'timed-out'],
    ['exit', 'crashed'],
    ['unrecoverable', 'failed'],
  ])('of a job that does %s has the reason %s', async (does, reason) => {
    const queue = makeQueue();
    const job = await queue.add(misbehave, { does }, { maxAttempts: 1 });
    await caught(job.result());
    expect(queue.deadLetters.get(job.id)).toMatchObject({ reason, attempts: [{ outcome: reason }] });
  });

  test('is not made of a cancelled or completed job', async () => {
    const queue = makeQueue();
    await queue.run(flaky, { failures: 1 });
    queue.pause();
    (await queue.add(flaky, { failures: 1 })).cancel();
    expect(queue.deadLetters.size).toBe(0);
  });
});

describe('list', () => {
  test('is newest first, by name, and in pages', async () => {
    const queue = makeQueue();
    const jobs = await failing(queue, 3);
    await caught(queue.run(misbehave, { does: 'throw' }, { maxAttempts: 1 }));
    const { deadLetters } = queue;
    expect(deadLetters.size).toBe(4);
    expect(deadLetters.list({ name: 'flaky' }).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).reverse());
    expect(deadLetters.list({ offset: 1, limit: 2 }).map(({ id }) => id)).toEqual([jobs[2].id, jobs[1].id]);
    expect(deadLetters.list({ name: 'nobody' })).toEqual([]);
    expect(deadLetters.get('nobody')).toBeUndefined();
  });
});

describe('replay', () => {
  test('runs a job again from attempt 1, under its id', async () => {
    const queue = makeQueue();
    const [job] = await failing(queue, 1);
    const replayed = await queue.deadLetters.replay(job.id);
    expect(replayed).toMatchObject({ id: job.id, attempt: 0, attempts: [] });
    expect(queue.deadLetters.size).toBe(0);
    expect(await caught(replayed.result())).toMatchObject({ message: 'failure 1' });
    expect(queue.deadLetters.get(job.id)?.attempts).toHaveLength(1);
    expect(queue.stats().totals).toMatchObject({ added: 1, failed: 2, replayed: 1 });
    expectBalanced(queue);
  });

  test('leaves nothing of the former life, while the job waits', async () => {
    const queue = makeQueue();
    const [job] = await failing(queue, 1);
    expect(job).toMatchObject({ attempt: 1, waitTime: expect.any(Number), error: expect.any(Error) });
    queue.pause();
    const replayed = await queue.deadLetters.replay(job.id);
    const { attempt, attempts, startedAt, finishedAt, waitTime, error } = replayed;
    expect({ attempt, attempts, startedAt, finishedAt, waitTime, error }).toEqual({ attempt: 0, attempts: [] });
  });

  test('takes another input', async () => {
    const queue = makeQueue();
    const [job] = await failing(queue, 1);
    const replayed = await queue.deadLetters.replay(job.id, { input: { failures: 0 } });
    expect(await replayed.result()).toBe(1);
    expect(await job.result()).toBe(1);
    expect(queue.getJob(job.id)).toMatchObject({ state: 'completed', input: { failures: 0 } });
    expectBalanced(queue);
  });

  test('with an input that the schema refuses changes nothing', async () => {
    const queue = makeQueue();
    const [job] = await failing(queue, 1);
    expect(await caught(queue.deadLetters.replay(job.id, { input: { failures: 'x' } }))).toBeInstanceOf(InputError);
    expect(queue.deadLetters.get(job.id)).toMatchObject({ id: job.id, input: { failures: 9, secret: 's0' } });
    expect(queue.stats().totals.replayed).toBe(0);
    expect(job.state).toBe('failed');
  });

  test('of a filter runs those that match, oldest first', async () => {
    const queue = makeQueue();
    const jobs = await failing(queue, 3);
    await caught(queue.run(misbehave, { does: 'throw' }, { maxAttempts: 1 }));
    queue.pause();
    const replayed = await queue.deadLetters.replay({ name: 'flaky', limit: 2 });
    expect(replayed.map(({ id }) => id)).toEqual([jobs[0].id, jobs[1].id]);
    expect(queue.deadLetters.list().map(({ name }) => name)).toEqual(['misbehave', 'flaky']);
    expect(await queue.deadLetters.replay({ before: 0 })).toEqual([]);
    expect(await queue.deadLetters.replay({ before: new Date(Date.now() + 60_000) })).toHaveLength(2);
  });

  test('of an unknown id says so', async () => {
    const error = await caught(makeQueue().deadLetters.replay('nobody'));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'ERR_NOT_FOUND', message: expect.stringContaining('"nobody"') });
  });

  test('twice at once replays once', async () => {
    const queue = makeQueue();
    const [job] = await failing(queue, 1);
    queue.pause();
    const results = await Promise.allSettled([queue.deadLetters.replay(job.id), queue.deadLetters.replay(job.id)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(queue.stats().totals.replayed).toBe(1);
  });

  test('gives a new result to those who ask the handle again', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: Number.NaN } as never).catch(() => undefined);
    expect(job).toBeUndefined();
    const [failed] = await failing(queue, 1);
    await queue.deadLetters.replay(failed.id, { input: { failures: 1 } });
    expect((await caught(failed.result())).message).toBe('failure 1');
  });

  test('from a failed listener works', async () => {
    const queue = makeQueue();
    const replayed = new Promise((resolve) => {
      queue.once('failed', (job) => resolve(queue.deadLetters.replay(job.id, { input: { failures: 0 } }).then((one) => one.result())));
    });
    replayed.catch(() => {});
    await queue.add(flaky, { failures: 1 }, { maxAttempts: 1 });
    expect(await replayed).toBe(1);
  });
});

describe('remove', () => {
  test('forgets one, or those that match', async () => {
    const queue = makeQueue();
    const jobs = await failing(queue, 3);
    expect(queue.deadLetters.remove(jobs[0].id)).toBe(1);
    expect(queue.deadLetters.remove(jobs[0].id)).toBe(0);
    expect(queue.getJob(jobs[0].id)).toBeUndefined();
    expect(queue.deadLetters.remove({ name: 'flaky', limit: 1 })).toBe(1);
    expect(queue.deadLetters.list().map(({ id }) => id)).toEqual([jobs[2].id]);
    expect(queue.stats()).toMatchObject({ counts: { failed: 1 }, totals: { failed: 3 } });
    expect(queue.deadLetters.remove({})).toBe(1);
    expect(queue.deadLetters.size).toBe(0);
  });
});

describe('bounds', () => {
  test('the oldest is evicted, with an event', async () => {
    const queue = makeQueue({ deadLetters: { max: 2 } });
    const log = history(queue);
    const jobs = await failing(queue, 4);
    expect(log.filter(({ event }) => event === 'evicted').map(({ args }) => args[0].id)).toEqual([jobs[0].id, jobs[1].id]);
    expect(queue.deadLetters.list().map(({ id }) => id)).toEqual([jobs[3].id, jobs[2].id]);
    expect(queue.getJob(jobs[0].id)).toBeUndefined();
    expect(queue.stats()).toMatchObject({ counts: { failed: 2 }, totals: { failed: 4 } });
  });

  test('an alert goes out once when their number reaches alertAt', async () => {
    const queue = makeQueue({ deadLetters: { alertAt: 2 } });
    const log = history(queue);
    const jobs = await failing(queue, 4);
    const alerts = log.filter(({ event }) => event === 'dead-letter-alert');
    expect(alerts.map(({ args }) => [args[0].id, args[1]])).toEqual([[jobs[1].id, 2]]);
  });

  test('an alert at the bound itself goes out once', async () => {
    const queue = makeQueue({ deadLetters: { max: 2, alertAt: 2 } });
    const log = history(queue);
    await failing(queue, 5);
    expect(log.filter(({ event }) => event === 'dead-letter-alert')).toHaveLength(1);
  });

  test('the alert comes again when the number falls and rises', async () => {
    const queue = makeQueue({ deadLetters: { alertAt: 2 } });
    const log = history(queue);
    await failing(queue, 2);
    queue.deadLetters.remove({});
    await failing(queue, 2);
    expect(log.filter(({ event }) => event === 'dead-letter-alert')).toHaveLength(2);
  });

  test('max 0 keeps none', async () => {
    const queue = makeQueue({ deadLetters: { max: 0 } });
    const evicted = next(queue, 'evicted');
    const [job] = await failing(queue, 1);
    expect((await evicted)[0].id).toBe(job.id);
    expect(queue.deadLetters.size).toBe(0);
  });
});

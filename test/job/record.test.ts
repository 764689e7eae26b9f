import { describe, expect, test } from 'vitest';
import { JobKind } from '../../dist/job/kind.js';
import { enter, move } from '../../dist/job/move.js';
import { JobRecord } from '../../dist/job/record.js';
import { noTimes } from '../../dist/job/times.js';
import { echo } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';
import * as cases from '../testing/cases.job.js';
import { makeTestQueue } from '../testing/queues.js';

const STATES = ['delayed', 'waiting', 'active', 'completed', 'failed', 'cancelled'] as const;
const ALLOWED: Record<string, readonly string[]> = {
  delayed: ['waiting', 'cancelled'],
  waiting: ['active', 'cancelled'],
  active: ['completed', 'delayed', 'waiting', 'failed', 'cancelled'],
  failed: ['waiting'],
  completed: [],
  cancelled: [],
};

function recordIn(state: (typeof STATES)[number]): JobRecord {
  const record = new JobRecord('id', new JobKind(echo, 0, { cancel: () => false } as never), 1, 0, 1, 0, undefined, noTimes(1), false);
  enter(record, state as 'waiting');
  return record;
}

describe('transitions', () => {
  const pairs = STATES.flatMap((from) => STATES.map((to) => ({ from, to })));
  test.each(pairs.filter(({ from, to }) => ALLOWED[from].includes(to)))('$from → $to moves the job and its counts', ({ from, to }) => {
    const record = recordIn(from);
    move(record, to);
    expect(record.state).toBe(to);
    expect(record.kind.counts).toEqual({ ...Object.fromEntries(STATES.map((state) => [state, 0])), [to]: 1 });
  });

  test.each(pairs.filter(({ from, to }) => !ALLOWED[from].includes(to)))('$from → $to throws and changes nothing', ({ from, to }) => {
    const record = recordIn(from);
    expect(thrownBy(() => move(record, to)).message).toContain(`from ${from} to ${to}`);
    expect(record.state).toBe(from);
    expect(record.kind.counts[from]).toBe(1);
  });
});

test('its times are kept apart, in a page that it shares with others and by itself', () => {
  const owner = { exactDateOf: (now: number) => now, dateOf: (now: number) => now };
  const times = noTimes(2);
  const kind = new JobKind(echo, 0, owner as never);
  const [one, other] = [0, 1].map((key) => new JobRecord(key, kind, 1, 0, 1, (key + 1) * 100, undefined, times, false));
  for (const [at, record] of [one, other].entries()) {
    const since = (at + 1) * 100;
    enter(record, 'waiting');
    record.readyAt = since + 10;
    expect([record.waitTime, record.finishedAt]).toEqual([undefined, undefined]);
    move(record, 'active');
    expect(record.ran(since + 30, 7, 3)).toBe(20);
    record.finished(since + 37);
    move(record, 'completed');
  }
  const timesOf = (record: JobRecord) => [
    record.addedAt,
    record.readyAt,
    record.lastStart,
    record.waitTime,
    record.lastRunTime,
    record.endedAt,
    record.finishedAt,
    record.threadId,
    record.age(1_000),
  ];
  const expected = [100, 110, 130, 20, 7, 137, 137, 3, 900];
  expect(timesOf(one)).toEqual(expected);
  expect(timesOf(other)).toEqual([200, 210, 230, 20, 7, 237, 237, 3, 800]);
  one.leavePage();
  times.fill(0);
  expect(timesOf(one)).toEqual(expected);
});

describe('a job', () => {
  test('shows what is known of it', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: 1 }, { metadata: { tenant: 'x' }, priority: 3 });
    expect(job).toMatchObject({ name: 'sum', state: 'waiting', attempt: 0, attempts: [], priority: 3, metadata: { tenant: 'x' } });
    expect(job).toMatchObject({ deduplicated: false, progress: undefined, startedAt: undefined, finishedAt: undefined });
    await job.result();
    expect(job).toMatchObject({ state: 'completed', attempt: 1, error: undefined });
    expect(job.addedAt).toBeLessThanOrEqual(job.finishedAt as number);
    // And what it used, where it took long enough to be measured.
    expect(job.attempts).toMatchObject([
      { number: 1, outcome: 'completed', startedAt: job.startedAt, duration: expect.any(Number), threadId: expect.any(Number) },
    ]);
    expect(job.attempts).toHaveLength(1);
  });

  test('becomes JSON without its methods', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: 1 });
    await job.result();
    const { id, addedAt, startedAt, finishedAt, attempts } = job;
    expect(JSON.parse(JSON.stringify(job))).toEqual({
      ...{ id, name: 'sum', input: { a: 1, b: 1 }, state: 'completed', attempt: 1, attempts },
      ...{ priority: 0, addedAt, startedAt, finishedAt },
    });
  });

  test('becomes JSON with its progress, its group and its metadata', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const job = await queue.add(cases.steps, 1, { group: 'g', metadata: { user: 7 }, priority: 3 });
    await queue.drain();
    expect(JSON.parse(JSON.stringify(job))).toMatchObject({ progress: { from: 0 }, group: 'g', metadata: { user: 7 }, priority: 3 });
  });

  test('ids are different', async () => {
    const queue = makeQueue();
    const jobs = await queue.addBulk(
      echo,
      Array.from({ length: 100 }, (_, index) => index),
    );
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(100);
  });

  test('gives its result however late it is asked', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 'late');
    await job.result();
    expect(await job.result()).toBe('late');
    expect(await queue.getJob(job.id)?.result()).toBe('late');
  });

  test('that was cancelled cannot be cancelled again', async () => {
    const queue = makeQueue();
    queue.pause();
    const job = await queue.add(echo, 1);
    expect(job.cancel('first')).toBe(true);
    expect(job.cancel('second')).toBe(false);
    expect((await caught(job.result())).reason).toBe('first');
  });

  test('that completed cannot be cancelled', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 1);
    await job.result();
    expect(job.cancel()).toBe(false);
    expect(job.state).toBe('completed');
  });

  test('can be cancelled for a reason that has no text', async () => {
    const queue = makeQueue();
    queue.pause();
    const job = await queue.add(echo, 1);
    const reason = Object.create(null);
    expect(job.cancel(reason)).toBe(true);
    expect((await caught(job.result())).reason).toBe(reason);
  });
});

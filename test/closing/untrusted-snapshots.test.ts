import {
  IdempotencyError,
  type Job,
  type JobSnapshot,
  NotCloneableError,
  OptionsError,
  QueueClosedError,
  ThreadmillError,
} from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, once } from '../fixtures/answers.job.js';
import { history, makeQueue, thrownBy } from '../helpers.js';

const good: JobSnapshot = { id: 'good', name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined };
const { input: _, ...noInput } = good;

describe('a snapshot from anywhere', () => {
  test.each<[string, unknown, RegExp]>([
    ['attempts that are no number', { ...good, attemptsMade: 'x' }, /snapshots\[1\].*"attemptsMade".*given 'x'/],
    ['fewer attempts than none', { ...good, attemptsMade: -1 }, /snapshots\[1\].*"attemptsMade".*given -1/],
    ['half an attempt', { ...good, attemptsMade: 0.5 }, /"attemptsMade".*given 0.5/],
    ['no attempts', { ...good, attemptsMade: undefined }, /"attemptsMade"/],
    ['a priority of null', { ...good, priority: null }, /snapshots\[1\].*"priority".*given null/],
    ['a priority of NaN', { ...good, priority: Number.NaN }, /"priority".*given NaN/],
    ['negative maxAttempts', { ...good, maxAttempts: -1 }, /snapshots\[1\].*"maxAttempts".*given -1/],
    ['no date', { ...good, runAt: 'never' }, /snapshots\[1\].*"runAt".*given 'never'/],
    ['a date beyond all', { ...good, runAt: 1e300 }, /"runAt"/],
    ['no input', noInput, /snapshots\[1\].*"input" is missing/],
    ['an empty id', { ...good, id: '' }, /"id"/],
    ['an id that is none', { ...good, id: 7 }, /"id".*given 7/],
    ['no name', { ...good, name: undefined }, /"name"/],
    ['an unknown definition', { ...good, id: 'b', name: 'nobody' }, /snapshots\[1\].*"nobody".*jobs/],
    ['a wrong timeout', { ...good, timeout: 0 }, /"timeout".*given 0/],
    ['a wrong backoff', { ...good, backoff: { type: 'never' } }, /"backoff/],
    ['a backoff that is a function', { ...good, backoff: () => 1 }, /"backoff".*function/],
    ['an idempotency key that is none', { ...good, idempotencyKey: 5 }, /"idempotencyKey".*given 5/],
    ['what nobody knows', { ...good, id: 'b', attempts: 1 }, /unknown option "attempts"/],
    ['no object', 'text', /snapshots\[1\]/],
    ['nothing', null, /snapshots\[1\]/],
    ['an input that cannot be sent', { ...good, id: 'b', input: { f: () => {} } }, /snapshots\[1\]\.input\.f is a function/],
    ['metadata that cannot be sent', { ...good, id: 'b', metadata: () => {} }, /snapshots\[1\]\.metadata is a function/],
    ['a checkpoint that cannot be sent', { ...good, id: 'b', checkpoint: [Symbol('x')] }, /snapshots\[1\]\.checkpoint\[0\] is a symbol/],
    ['an input that is too large', { ...good, id: 'b', input: 'x'.repeat(1_001) }, /maxInputBytes/],
    ['an attempt of what runs at most once', { ...good, id: 'b', name: 'once', attemptsMade: 1 }, /at most once/],
    ['more attempts for it', { ...good, id: 'b', name: 'once', maxAttempts: 3 }, /at most once/],
    ['the id of another', { ...good }, /snapshots\[1\] has the id of snapshots\[0\]/],
  ])('is refused with the path, and none is taken: %s', (_, bad, message) => {
    const queue = makeQueue({ jobs: [echo, once], maxInputBytes: 1_000 });
    const told = history(queue);
    const error = thrownBy(() => queue.restore([good, bad as JobSnapshot]));
    expect(error).toBeInstanceOf(ThreadmillError);
    expect(error.message).toMatch(message);
    expect(queue.stats().totals.added).toBe(0);
    expect(told).toEqual([]);
  });

  test('that is no list is refused', () => {
    const queue = makeQueue({ jobs: [echo] });
    for (const nothing of [undefined, null, 1, {}, 'text'])
      expect(thrownBy(() => queue.restore(nothing as never))).toBeInstanceOf(OptionsError);
  });

  test('that cannot be cloned is a NotCloneableError', () => {
    const queue = makeQueue({ jobs: [echo] });
    expect(thrownBy(() => queue.restore([{ ...good, input: () => {} }]))).toBeInstanceOf(NotCloneableError);
  });

  test('whose getter closes the queue is refused', () => {
    const queue = makeQueue({ jobs: [echo] });
    const nasty = {
      ...good,
      get input() {
        void queue.close();
        return 1;
      },
    };
    expect(thrownBy(() => queue.restore([nasty]))).toBeInstanceOf(QueueClosedError);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('with an id like those of the queue is found under it', async () => {
    const queue = makeQueue({ jobs: [echo] });
    queue.pause();
    const job = await queue.add(echo, 1);
    const id = job.id.replace(/\d+$/, '777');
    const [restored] = queue.restore([{ ...good, id }]);
    expect(queue.getJob(id)).toBe(restored);
    expect(restored.cancel()).toBe(true);
    expect(thrownBy(() => queue.restore([{ ...good, id: job.id }])).message).toContain(job.id);
  });
});

describe('an idempotency key', () => {
  test('that stands for another job by now is answered with that', async () => {
    const queue = makeQueue({ jobs: [echo] });
    queue.pause();
    const newer = await queue.add(echo, 1, { idempotencyKey: 'k' });
    const [restored, other] = queue.restore([
      { ...good, idempotencyKey: 'k' },
      { ...good, id: 'other' },
    ]) as [Job, Job];
    expect(restored).toMatchObject({ id: newer.id, deduplicated: true });
    expect(other).toMatchObject({ id: 'other', deduplicated: false });
    expect(queue.stats().totals).toMatchObject({ added: 2, deduplicated: 1 });
  });

  test('that stands for another input refuses all', async () => {
    const queue = makeQueue({ jobs: [echo] });
    queue.pause();
    await queue.add(echo, 'newer', { idempotencyKey: 'k' });
    expect(
      thrownBy(() =>
        queue.restore([
          { ...good, id: 'a' },
          { ...good, idempotencyKey: 'k' },
        ]),
      ),
    ).toBeInstanceOf(IdempotencyError);
    expect(queue.stats().totals.added).toBe(1);
  });

  test('that is there twice refuses all', () => {
    const queue = makeQueue({ jobs: [echo] });
    const twice = [
      { ...good, id: 'a', idempotencyKey: 'k' },
      { ...good, id: 'b', idempotencyKey: 'k' },
    ];
    expect(thrownBy(() => queue.restore(twice)).message).toMatch(/snapshots\[1\] has the idempotency key of snapshots\[0\]/);
  });
});

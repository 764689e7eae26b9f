import { createTestQueue } from 'threadmill/testing';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { closeAfterwards, expectBalanced } from '../helpers.js';

/** An input whose getter works so many times, and then throws: each look at it is one of the user's calls. */
function tiring(times: number): object {
  let left = times;
  return {
    get bad() {
      if (left-- > 0) return 'fine';
      throw new Error('tired');
    },
  };
}

const manual = (options: object = {}) => closeAfterwards(createTestQueue({ mode: 'manual', jobs: [echo], ...options }));
/** It counts what waits, so it looks at inputs more often. */
const counting = (options: object = {}) => manual({ maxWaitingBytes: 1_000, ...options });
const TIMES = [0, 1, 2, 3, 4, 5, 6];

/** Nothing is left of what waited: as much fits as at first. */
async function expectRoom(queue: ReturnType<typeof manual>): Promise<void> {
  await queue.idle();
  expectBalanced(queue);
  expect(await queue.add(echo, 'x'.repeat(950), { delay: 1_000 })).toMatchObject({ state: 'delayed' });
}

describe.each(TIMES)('a getter that works %i times, and then throws', (times) => {
  test('in one input of a bulk: all or none, and no room is lost', async () => {
    const queue = counting({ whenFull: 'reject' });
    const jobs = await queue.addBulk(echo, [1, tiring(times), 3]).catch(() => []);
    expect(queue.stats().totals.added).toBe(jobs.length);
    expect([0, 3]).toContain(jobs.length);
    await queue.drain();
    await expectRoom(queue);
  });

  test('in the input of a dead letter: it is replayed, or it is there', async () => {
    const queue = counting({ whenFull: 'reject' });
    queue.failNext(echo, new Error('failed'));
    const job = await queue.add(echo, 1, { maxAttempts: 1 });
    await queue.drain();
    const replayed = await queue.deadLetters.replay(job.id, { input: tiring(times) }).catch(() => undefined);
    expect(queue.deadLetters.size).toBe(replayed === undefined ? 1 : 0);
    expect(queue.getJob(job.id)?.state).toBe(replayed === undefined ? 'failed' : 'waiting');
    await queue.drain();
    await expectRoom(queue);
  });

  test('in a snapshot: all are restored, or none', async () => {
    const queue = counting({ whenFull: 'reject' });
    const snapshot = { name: 'echo', attemptsMade: 0, priority: 0, metadata: undefined };
    let restored: unknown[] = [];
    try {
      restored = queue.restore([
        { ...snapshot, id: 'a', input: 1 },
        { ...snapshot, id: 'b', input: tiring(times) },
      ]);
    } catch {
      // Refused.
    }
    expect([0, 2]).toContain(restored.length);
    expect(queue.stats().totals.added).toBe(restored.length);
    await queue.drain();
    await expectRoom(queue);
  });
});

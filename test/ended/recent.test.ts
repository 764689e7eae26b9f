import { expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { makeQueue } from '../helpers.js';

test('of many completed jobs the last are listed, newest first, and the others are forgotten', async () => {
  const queue = makeQueue({ keepCompleted: 3 });
  const ids: string[] = [];
  for (let n = 1; n <= 11; n++) {
    const job = await queue.add(echo, n);
    await job.result();
    ids.push(job.id);
    expect(queue.list('completed').map(({ input }) => input)).toEqual([n, n - 1, n - 2].filter((input) => input > 0));
    expect(ids.filter((id) => queue.getJob(id) !== undefined)).toEqual(ids.slice(-3));
    expect(queue.stats().counts.completed).toBe(Math.min(n, 3));
  }
});

test('of many cancelled jobs the last are listed, newest first', async () => {
  const queue = makeQueue({ keepCompleted: 2 });
  queue.pause();
  for (let n = 1; n <= 6; n++) {
    (await queue.add(echo, n)).cancel();
    expect(queue.list('cancelled')[0]?.input).toBe(n);
  }
});

import { expect, test } from 'vitest';
import { Reader } from '../../dist/bullmq/reader.js';

/** A Redis in which the job completes after it was asked for so many things. */
function readerOf(completesAfter: number): Reader {
  let asked = 0;
  const hasCompleted = () => ++asked > completesAfter;
  const job = { id: '1', name: 'job', data: {}, attemptsMade: 0, progress: 0, priority: 0, timestamp: 0, opts: {} };
  const returnvalue = { output: { json: 'done' }, ran: [0, 1, 2] };
  const queue = {
    getJob: async () => (hasCompleted() ? { ...job, returnvalue, finishedOn: 1, attemptsMade: 1 } : { ...job, returnvalue: null }),
    getJobState: async () => (hasCompleted() ? 'completed' : 'active'),
  };
  return new Reader({ queue, read: async () => [] } as never, () => undefined);
}

test.each([0, 1, 2])('a job that completes while it is read (after %d answers) is active, or has its output', async (completesAfter) => {
  const facts = await readerOf(completesAfter).facts('1');
  expect(facts).toMatchObject(completesAfter === 0 ? { state: 'completed', output: 'done' } : { state: 'active' });
});

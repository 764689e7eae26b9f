import { setImmediate as turn } from 'node:timers/promises';
import { QueueClosedError } from 'threadmill';
import { expect, test } from 'vitest';
import { Results } from '../../dist/bullmq/results.js';
import { caught } from '../helpers.js';

/** Of a Redis whose events never come; `facts` answers what is asked of a job. */
const resultsOf = (facts: (id: string) => Promise<{ state: string; output?: unknown } | undefined>) =>
  new Results({ to: () => {}, start: async () => {} } as never, { facts } as never, () => undefined);

const wait = (results: Results, id: string) => results.ofAdded(id, 'job', async () => ({ id }));

test('who waits for a job that has ended when the queue closes gets its end, and who waits for another is told that nobody tells', async () => {
  const results = resultsOf(async (id) => (id === 'ended' ? { state: 'completed', output: 30 } : { state: 'active' }));
  const ended = wait(results, 'ended');
  const runs = caught(wait(results, 'runs'));
  await turn();
  await results.close();
  expect(await ended).toBe(30);
  expect(await runs).toBeInstanceOf(QueueClosedError);
});

test('however many wait when the queue closes, each is asked for once, and few at the same time', async () => {
  let asked = 0;
  let now = 0;
  let most = 0;
  const results = resultsOf(async (id) => {
    asked++;
    most = Math.max(most, ++now);
    await turn();
    now--;
    return { state: 'completed', output: id };
  });
  const ids = Array.from({ length: 250 }, (_, index) => `${index}`);
  const ends = ids.map((id) => wait(results, id));
  await turn();
  await results.close();
  expect(await Promise.all(ends)).toEqual(ids);
  expect({ asked, most }).toEqual({ asked: 250, most: 100 });
});

import { setImmediate as turn } from 'node:timers/promises';
import { QueueClosedError } from 'threadmill';
import { expect, test } from 'vitest';
import { Results } from '../../dist/bullmq/results.js';
import { caught } from '../helpers.js';

/** Of a Redis whose events never come. */
const resultsOf = (states: Record<string, { state: string; output?: unknown }>) =>
  new Results(
    { to: () => {}, start: async () => {} } as never,
    { facts: async (id: string) => states[id] } as never,
    () => undefined as never,
  );

test('who waits for a job that has ended when the queue closes gets its end, and not that nobody tells', async () => {
  const results = resultsOf({ ended: { state: 'completed', output: 30 }, runs: { state: 'active' } });
  const ended = results.ofAdded('ended', 'job', async () => ({ id: 'ended' }));
  const runs = caught(results.ofAdded('runs', 'job', async () => ({ id: 'runs' })));
  await turn();
  await results.close();
  expect(await ended).toBe(30);
  expect(await runs).toBeInstanceOf(QueueClosedError);
});

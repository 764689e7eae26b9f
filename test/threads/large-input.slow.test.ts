import { expect, test } from 'vitest';
import { quick } from '../fixtures/floods.job.js';
import { makeQueue } from '../helpers.js';

test('an input that takes a thread more than a second to read is read, and its job runs once', async () => {
  const queue = makeQueue({ maxInputBytes: 2 ** 40 });
  await queue.ready();
  const part = Array.from({ length: 20_000 }, (_, at) => ({ at, text: `text ${at}` }));
  const before = performance.now();
  structuredClone(part);
  // Writing and reading: of 1500 ms at least, as fast as this machine is.
  const times = Math.ceil(2_500 / (performance.now() - before));
  const value = Array.from({ length: times }, () => structuredClone(part));
  const job = await queue.add(quick, { value, ends: 'counts' }, { maxAttempts: 2 });
  expect(await job.result()).toBe(times);
  expect(job.attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
  expect(queue.stats().threads.killed).toBe(0);
});

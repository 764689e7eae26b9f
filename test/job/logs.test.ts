import { expect, it } from 'vitest';
import { chatter } from '../fixtures/chatter.job.js';
import { makeQueue } from '../helpers.js';

it('a job keeps the last 100 lines of its handler, with time and level', async () => {
  const queue = makeQueue();
  const job = await queue.add(chatter, { lines: 250 });
  expect(job.logs).toEqual([]);
  await job.result();
  expect(job.logs).toHaveLength(100);
  expect(job.logs[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z debug line 150$/);
  expect(job.logs.at(-1)).toMatch(/Z debug line 249$/);
});

it('a line shows its text before its fields, and not more than 1000 characters of it', async () => {
  const queue = makeQueue();
  const job = await queue.add(chatter, { lines: 0, fields: { user: 7, text: 'x'.repeat(10_000) } });
  await job.result();
  const [line] = job.logs;
  expect(line).toMatch(/Z warn with fields { user: 7, text: 'x+/);
  expect(line.length).toBeGreaterThan(1_000);
  expect(line.length).toBeLessThan(1_100);
});

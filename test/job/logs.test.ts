import { expect, it } from 'vitest';
import { withLine } from '../../dist/job/log-lines.js';
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

it.each([
  ['an error is shown behind its text', [new Error('bad'), 'while %s', 'reading'], /^while reading Error: bad\n {4}at /],
  ['what is no object keeps its place before a text', [null, 'text', 7], /^null text 7$/],
  ['fields alone are shown as they are', [{ a: 1 }, 2], /^{ a: 1 } 2$/],
  ['values of the text are in it, and the fields behind', [{ a: 1 }, '%d of %d', 1, 2], /^1 of 2 { a: 1 }$/],
  [
    'what is deep or long is shown in part',
    [{ a: { b: { c: { d: 1 } } }, list: Array(99).fill(0) }],
    /c: \[Object\] } },\s.*79 more items/s,
  ],
])('%s', (_what, args, text) => {
  const [line] = withLine(undefined, 0, 'info', args) as [string];
  expect(line.slice(0, 30)).toBe('1970-01-01T00:00:00.000Z info ');
  expect(line.slice(30)).toMatch(text);
});

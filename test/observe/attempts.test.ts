import type { Attempt } from 'threadmill';
import { expect, test } from 'vitest';
import { type EndedAttempt, onAttemptEnd } from '../../dist/internals.js';
import { flaky } from '../fixtures/answers.job.js';
import { makeQueue } from '../helpers.js';

test('each attempt is told once, with its start as exactly as it is known and how long it had waited', async () => {
  const queue = makeQueue();
  const told: EndedAttempt[] = [];
  const stop = onAttemptEnd(queue, (_record, attempt) => void told.push(attempt));
  const job = await queue.add(flaky, { failures: 5 }, { maxAttempts: 6 });
  await job.result();
  const inWhole = (attempts: readonly Attempt[]) =>
    attempts.map(({ number, outcome, startedAt }) => [number, outcome, Math.floor(startedAt)]);
  expect(inWhole(told)).toEqual(inWhole(job.attempts));
  expect(told.some(({ startedAt }) => !Number.isInteger(startedAt))).toBe(true);
  for (const { waited } of told) expect(waited).toBeGreaterThanOrEqual(0);
  stop();
  await queue.run(flaky, { failures: 0 });
  expect(told).toHaveLength(6);
});

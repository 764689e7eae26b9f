import { type JobQueue, OptionsError } from 'threadmill';
import { createTestQueue } from 'threadmill/testing';
import { describe, expect, test } from 'vitest';
import { echo } from './fixtures/answers.job.js';
import { caught, makeQueue } from './helpers.js';

type Wrong = [method: string, (queue: JobQueue, options: never) => unknown, options: unknown, message: string];

const WRONG: Wrong[] = [
  ['list', (queue, options) => queue.list('waiting', options), { offset: -1 }, 'option "offset": expected an integer from 0, given -1'],
  [
    'list',
    (queue, options) => queue.list('waiting', options),
    { limit: 1.5 },
    'option "limit": expected an integer from 0, or Infinity, given 1.5',
  ],
  ['list', (queue, options) => queue.list('waiting', options), { limt: 1 }, 'unknown option "limt" (did you mean "limit"?)'],
  ['stats', (queue, options) => queue.stats(options), { groups: '5' }, 'option "groups": expected an integer from 0, given \'5\''],
  [
    'cancel',
    (queue, options) => queue.cancel(options),
    { state: 'failed' },
    "option \"state\": expected 'delayed' or 'waiting' or 'active', given 'failed'",
  ],
  ['cancel', (queue, options) => queue.cancel(options), { name: 5 }, 'option "name": expected string, given 5'],
  ['cancel', (queue, options) => queue.cancel(options), { gruop: 'a' }, 'unknown option "gruop" (did you mean "group"?)'],
  ['close', (queue, options) => queue.close(options), { timeout: -1 }, 'option "timeout": expected number from 0, given -1'],
  [
    'close',
    (queue, options) => queue.close(options),
    { drain: 'some', timeout: '1' },
    "option \"drain\": expected 'all' or 'active' or 'none', given 'some'; option \"timeout\": expected number from 0, given '1'",
  ],
  [
    'deadLetters.list',
    (queue, options) => queue.deadLetters.list(options),
    { name: /x/, limit: -1 },
    'option "limit": expected an integer from 0, or Infinity, given -1; option "name": expected string, given /x/',
  ],
  [
    'deadLetters.remove',
    (queue, options) => queue.deadLetters.remove(options),
    { before: new Date(Number.NaN) },
    'option "before": expected milliseconds since 1970, or a Date, given Invalid Date',
  ],
  [
    'deadLetters.replay',
    (queue, options) => queue.deadLetters.replay(options),
    { before: '2026' },
    'option "before": expected milliseconds since 1970, or a Date, given \'2026\'',
  ],
  [
    'map(echo)',
    (queue, options) => queue.map(echo, [], options),
    { signal: {}, settled: 1 },
    'option "signal": expected an AbortSignal, given {}; option "settled": expected boolean, given 1',
  ],
  ['map(echo)', (queue, options) => queue.map(echo, [], options), 5, 'options: expected object, given 5'],
  [
    'schedule(echo)',
    (queue, options) => queue.schedule(echo, 1, { every: 1 }, options),
    { until: Number.POSITIVE_INFINITY },
    'option "until": expected milliseconds since 1970, or a Date, given Infinity',
  ],
  [
    'schedule(echo)',
    (queue, options) => queue.schedule(echo, 1, { every: 1 }, options),
    { limit: 0 },
    'option "limit": expected an integer from 1, or Infinity, given 0',
  ],
  [
    'schedule(echo)',
    (queue, options) => queue.schedule(echo, 1, options),
    { every: 1, cron: '* * * * *' },
    "options: expected { cron: string, timezone?: string } or { every: milliseconds from 1 }, given { every: 1, cron: '* * * * *' }",
  ],
  [
    'createTestQueue',
    (_queue, options) => createTestQueue(options),
    { mode: 'auto' },
    "option \"mode\": expected 'manual' or 'inline' or 'threads', given 'auto'",
  ],
  [
    'createTestQueue',
    (_queue, options) => createTestQueue(options),
    { mode: 'manual', seed: 0.5 },
    'option "seed": expected an integer, given 0.5',
  ],
  ['createTestQueue', (_queue, options) => createTestQueue(options), undefined, 'options: expected object, given undefined'],
];

describe('an option of a method that is wrong is refused: which it is, what was expected, what was given', () => {
  test.each(WRONG.map(([method, call, options, message]) => ({ refusal: `${method}: ${message}`, call, options })))(
    '$refusal',
    async ({ refusal, call, options }) => {
      const error = (await caught((async () => call(makeQueue(), options as never))())) as Error;
      expect(error).toBeInstanceOf(OptionsError);
      expect(error.message).toBe(refusal);
    },
  );
});

import superjson from 'superjson';
import { defineJob, OptionsError } from 'threadmill';
import { BullMQJobQueue, type BullMQJobQueueOptions } from 'threadmill/bullmq';
import { describe, expect, it, test } from 'vitest';
import { AddSettings } from '../../dist/bullmq/add-settings.js';
import { nextTime } from '../../dist/bullmq/schedules.js';
import { priorityOf } from '../../dist/bullmq/stored.js';
import { coded, echo } from '../fixtures/engines.job.js';
import { anything } from '../fixtures/schema.js';
import { thrownBy, variant } from '../helpers.js';

/** Where nobody listens. */
const connection = 'redis://127.0.0.1:1';
const make = (options: object) => thrownBy(() => new BullMQJobQueue({ connection, role: 'producer', ...options } as BullMQJobQueueOptions));

describe('an option that is wrong is refused by name', () => {
  it.each([
    [{ connection: '' }, 'option "connection": expected a URL, options of ioredis, or a client of ioredis'],
    [{ role: 'boss' }, 'option "role"'],
    [{ prefix: 'a:b' }, 'option "prefix": expected a text without ":"'],
    [{ name: 'a:b' }, 'option "name": expected a text without ":"'],
    [{ threads: 0 }, 'option "threads"'],
    [{ minThreads: 3, threads: 2 }, 'new BullMQJobQueue: option "minThreads"'],
    [{ maxWaiting: 3 }, 'unknown option "maxWaiting"'],
    [{ lockDuration: 1 }, 'option "lockDuration"'],
    [{ keepCompleted: -1 }, 'option "keepCompleted.max": expected an integer from 0, given -1'],
  ])('%o', (options, expected) => {
    const error = make(options);
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(expected);
  });

  it('limits of one definition among several, and groups', () => {
    const limited = variant(echo, { concurrency: 2 });
    expect(make({ jobs: [limited, coded] }).message).toContain('give it a queue of its own');
    expect(make({ jobs: [variant(echo, { group: { key: () => 'a' } })] }).message).toContain('"group", which BullMQ has not');
  });
});

const settingsOf = (options: object, definition = echo) => new AddSettings(definition, options, false, 1e6, 1_000);

describe('an option of add is refused', () => {
  it.each([
    [{ transfer: [] }, 'nothing is moved'],
    [{ group: 'a' }, 'BullMQ has no groups'],
    [{ backoff: () => 1 }, 'a function cannot leave the process'],
    [{ priority: 0.5 }, 'expected an integer from -1048575 to 1048575'],
    [{ priority: 2 ** 20 }, 'expected an integer from -1048575 to 1048575'],
  ])('%o', (options, expected) => {
    const error = thrownBy(() => settingsOf(options));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(expected);
  });

  it('metadata that JSON would change', () => {
    expect(thrownBy(() => settingsOf({ metadata: { at: new Date() } }))).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('metadata.at is a Date, which JSON would change'),
    });
  });
});

test('what is written says no more than was asked for', () => {
  expect(settingsOf({}).jobOf(1)).toMatchObject({ name: 'echo', data: { input: 1 }, opts: { attempts: 4, priority: 2 ** 20 } });
  const { data, opts } = settingsOf({ delay: 2.5, idempotencyKey: 'k', timeout: 9, deadLetter: false, maxAttempts: 2 }).jobOf(1);
  expect(data).toEqual({ input: 1, timeout: 9, noDeadLetter: true, keyTtl: 1_000 });
  expect(opts).toMatchObject({ attempts: 2, delay: 3, deduplication: { id: 'echo:k' } });
});

test('priorities are turned round, and back', () => {
  for (const priority of [0, 1, -1, 1_048_575, -1_048_575])
    expect(priorityOf(settingsOf({ priority }).jobOf(1).opts.priority)).toBe(priority);
  const [low, high] = [-5, 5].map((priority) => settingsOf({ priority }).jobOf(1).opts.priority as number);
  expect(high).toBeLessThan(low);
});

test('superjson is a codec', () => {
  const job = defineJob({ name: 'dated', module: import.meta.url, input: anything, codec: superjson, run: () => {} });
  const input = { at: new Date(5), big: 3n, map: new Map([['a', 1]]), none: undefined };
  const written = settingsOf({}, job as never).written(input, 'input');
  expect(superjson.deserialize(JSON.parse(JSON.stringify(written)))).toEqual(input);
  const wrong = thrownBy(() =>
    defineJob({ name: 'x', module: import.meta.url, input: anything, codec: { serialize: 1 } as never, run: () => {} }),
  );
  expect(wrong.message).toContain('option "codec.serialize": expected a function');
});

describe('the times of a schedule', () => {
  it('of an interval are counted from its start, whatever was missed', () => {
    const pattern = '@every 1000 from 500';
    expect([0, 500, 501, 1_499, 1_500, 9_000].map((now) => nextTime(now, { pattern }))).toEqual([500, 1_500, 1_500, 1_500, 2_500, 9_500]);
  });

  it('of a pattern are right where the clock skips an hour', () => {
    const before = Date.UTC(2026, 2, 28, 12);
    // 02:30 is not there on that day: croner has it at 03:00 of summer time.
    expect(new Date(nextTime(before, { pattern: '30 2 * * *', tz: 'Europe/Berlin' }) as number).toISOString()).toBe(
      '2026-03-29T01:00:00.000Z',
    );
  });

  it('end', () => {
    expect(nextTime(0, { pattern: '@every 1000 from 0', endDate: 999 })).toBe(undefined);
    expect(nextTime(0, { pattern: '@every 1000 from 0', endDate: 1_000 })).toBe(1_000);
  });
});

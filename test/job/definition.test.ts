import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineJob, OptionsError } from 'threadmill';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { echo } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';

const base = { name: 'a-job', module: import.meta.url, input: z.any(), run: () => 1 };
const define = (changes: object) => defineJob({ ...base, ...changes } as never);

describe('defaults', () => {
  test('are those of the contract', () => {
    expect(define({})).toMatchObject({
      name: 'a-job',
      module: import.meta.url,
      output: undefined,
      timeout: 30_000,
      gracePeriod: 0,
      maxAttempts: 4,
      backoff: { type: 'exponential', delay: 1_000, factor: 2, maxDelay: 30_000, jitter: 0.5 },
      priority: 0,
      rateLimit: undefined,
      delivery: 'at-least-once',
    });
    expect(define({}).concurrency).toBe(Number.POSITIVE_INFINITY);
  });

  test('a partial backoff gets the other defaults', () => {
    expect(define({ backoff: { type: 'exponential', delay: 5 } }).backoff).toEqual({
      type: 'exponential',
      delay: 5,
      factor: 2,
      maxDelay: 30_000,
      jitter: 0.5,
    });
    expect(define({ backoff: { type: 'fixed', delay: 5 } }).backoff).toMatchObject({ type: 'fixed', delay: 5 });
  });

  test('a definition cannot be changed', () => {
    expect(Object.isFrozen(define({}))).toBe(true);
  });
});

describe('accepted values', () => {
  test.each([
    ['name', 'a'],
    ['name', '0_a.b-c'],
    ['timeout', 1],
    ['timeout', 2_147_483_647],
    ['gracePeriod', 0],
    ['gracePeriod', 10],
    ['maxAttempts', 1],
    ['priority', -3],
    ['priority', 1.5],
    ['concurrency', 1],
    ['rateLimit', { max: 1, duration: 1_000 }],
    ['delivery', 'at-most-once'],
  ])('%s: %j is kept', (option, value) => {
    expect(define({ [option]: value })[option as 'name']).toEqual(value);
  });

  test('a backoff function is kept', () => {
    const backoff = () => false as const;
    expect(define({ backoff }).backoff).toBe(backoff);
  });

  test('a URL object, a URL string and a path name the same module', () => {
    const url = import.meta.url;
    expect(define({ module: new URL(url) }).module).toBe(url);
    expect(define({ module: url }).module).toBe(url);
    expect(define({ module: fileURLToPath(url) }).module).toBe(pathToFileURL(fileURLToPath(url)).href);
  });

  test('a module given as a URL object runs', async () => {
    const { name, module, input, run } = echo;
    const byUrl = defineJob({ name, input, run, module: new URL(module) });
    expect(await makeQueue().run(byUrl, 'text')).toBe('text');
  });

  test('valibot schemas are taken as they are', () => {
    const input = v.object({ a: v.string() });
    expect(define({ input }).input).toBe(input);
  });
});

describe('wrong options', () => {
  test.each<[string, unknown, RegExp]>([
    ['name', '-a', /letter or digit.*given '-a'/],
    ['name', '', /letter or digit.*given ''/],
    ['name', 'a b', /letter or digit.*given 'a b'/],
    ['name', undefined, /expected string.*given undefined/],
    ['module', undefined, /import\.meta\.url.*given undefined/],
    ['module', 3, /import\.meta\.url.*given 3/],
    ['input', undefined, /Standard Schema.*given undefined/],
    ['input', {}, /Standard Schema.*given \{\}/],
    ['output', 'text', /Standard Schema.*given 'text'/],
    ['run', undefined, /function.*given undefined/],
    ['run', 'x', /function.*given 'x'/],
    ['timeout', 0, /1.*given 0/],
    ['timeout', Number.POSITIVE_INFINITY, /given Infinity/],
    ['timeout', Number.NaN, /given NaN/],
    ['timeout', 2_147_483_648, /2147483647.*given 2147483648/],
    ['timeout', '5', /expected number.*given '5'/],
    ['gracePeriod', -1, /0.*given -1/],
    ['maxAttempts', 0, /1.*given 0/],
    ['maxAttempts', 1.5, /int.*given 1.5/],
    ['maxAttempts', Number.POSITIVE_INFINITY, /given Infinity/],
    ['backoff', 100, /exponential.*fixed.*function.*given 100/],
    ['backoff', { type: 'linear' }, /exponential.*fixed.*function.*given \{ type: 'linear' \}/],
    ['priority', Number.NaN, /given NaN/],
    ['priority', 'high', /expected number.*given 'high'/],
    ['concurrency', 0, /1.*given 0/],
    ['rateLimit', 5, /expected object.*given 5/],
    ['delivery', 'exactly-once', /at-least-once.*at-most-once.*given 'exactly-once'/],
  ])('%s: %j is refused with what was expected and given', (option, value, message) => {
    const error = thrownBy(() => define({ [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.code).toBe('ERR_OPTIONS');
    expect(error.message).toContain(`"${option}"`);
    expect(error.message).toMatch(message);
  });

  test.each([
    ['backoff', { type: 'fixed', delay: -1 }],
    ['backoff', { type: 'fixed', delay: 1, factor: 2 }],
    ['backoff', { type: 'exponential', jitter: 2 }],
    ['backoff', { type: 'exponential', factor: 0.5 }],
    ['backoff', { type: 'exponential', maxDelay: Number.POSITIVE_INFINITY }],
    ['rateLimit', { max: 1 }],
    ['rateLimit', { max: 0, duration: 1 }],
    ['rateLimit', { max: 1, duration: 1, extra: 1 }],
  ])('%s: %j is refused by the name of the option', (option, value) => {
    const error = thrownBy(() => define({ [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(option);
  });

  test('an unknown option is named', () => {
    const error = thrownBy(() => define({ timeOut: 3, retries: 2 }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain('unknown option "timeOut" (did you mean "timeout"?), "retries" (did you mean "maxAttempts"?)');
  });

  test('an unknown option that is like none is only named', () => {
    expect(thrownBy(() => define({ colour: 'red', shape: 1 })).message).toBe('defineJob: unknown option "colour", "shape"');
  });

  test('`attempts`, which other queues have, is refused where it could be meant', async () => {
    const meant = 'unknown option "attempts" (did you mean "maxAttempts"?)';
    expect(thrownBy(() => define({ attempts: 3 })).message).toBe(`defineJob: ${meant}`);
    expect((await caught(makeQueue().add(define({}), 1, { attempts: 3 } as never))).message).toBe(`add(a-job): ${meant}`);
    expect(thrownBy(() => makeQueue({ attempts: 3 } as never)).message).toMatch(/unknown option "attempts"$/);
    expect(thrownBy(() => makeQueue({ maxQueue: 3, treads: 2 } as never)).message).toMatch(
      /"maxQueue" \(did you mean "maxWaiting"\?\), "treads" \(did you mean "threads"\?\)$/,
    );
  });

  test('several wrong options are all named', () => {
    const error = thrownBy(() => define({ timeout: -1, maxAttempts: 0 }));
    expect(error.message).toMatch(/timeout.*maxAttempts/);
  });

  test.each([undefined, null, 'text'])('%j instead of options is an OptionsError', (value) => {
    expect(thrownBy(() => defineJob(value as never))).toBeInstanceOf(OptionsError);
  });
});

describe('at-most-once', () => {
  test('means one attempt', () => {
    expect(define({ delivery: 'at-most-once' }).maxAttempts).toBe(1);
    expect(define({ delivery: 'at-most-once', maxAttempts: 1 }).maxAttempts).toBe(1);
  });

  test('more attempts are refused', () => {
    const error = thrownBy(() => define({ delivery: 'at-most-once', maxAttempts: 2 }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/maxAttempts.*expected 1.*given 2/);
  });
});

test('the inferred output is what run returns', async () => {
  const { total } = await makeQueue().run(sum, { a: 40, b: 2 });
  expect(total).toBe(42);
});

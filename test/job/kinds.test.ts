import { defineJob, type JobOptions, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, thrownBy, variant } from '../helpers.js';

describe('a second definition of a name', () => {
  test.each<[keyof JobOptions, Partial<JobOptions>]>([
    ['timeout', { timeout: 1_000 }],
    ['gracePeriod', { gracePeriod: 5 }],
    ['maxAttempts', { maxAttempts: 2 }],
    ['backoff', { backoff: { type: 'fixed', delay: 1_234 } }],
    ['backoff', { backoff: () => 7 }],
    ['priority', { priority: 1 }],
    ['concurrency', { concurrency: 1 }],
    ['rateLimit', { rateLimit: { max: 1, duration: 1_000 } }],
    ['delivery', { delivery: 'at-most-once', maxAttempts: echo.maxAttempts === 1 ? 1 : undefined } as Partial<JobOptions>],
  ])('with another %s is refused by name, whatever is done with it', async (option, changes) => {
    const queue = makeQueue({ jobs: [echo] });
    const other = variant(echo, changes);
    const error = await caught(queue.add(other, 1));
    expect(error).toBeInstanceOf(OptionsError);
    if (option !== 'delivery') expect(error.message).toMatch(new RegExp(`"echo".*"${option}"`));
    expect(thrownBy(() => queue.pause(other))).toBeInstanceOf(OptionsError);
    expect(thrownBy(() => queue.map(other, [1]))).toBeInstanceOf(OptionsError);
    expect(queue.stats().totals.added).toBe(0);
    expect(thrownBy(() => makeQueue({ jobs: [echo, other] }))).toBeInstanceOf(OptionsError);
  });

  test('of the same options, as a module that was loaded again gives it, is the same', async () => {
    const queue = makeQueue({ jobs: [echo] });
    const again = variant(echo, { timeout: echo.timeout, backoff: echo.backoff });
    expect(await queue.run(again, 'again')).toBe('again');
    expect(Object.keys(queue.stats().byName)).toEqual(['echo']);
  });

  test('of functions that were made again from one text is the same', async () => {
    const backoff = () => (attempt: number) => attempt * 10;
    const queue = makeQueue({ jobs: [variant(echo, { backoff: backoff() })] });
    expect(await queue.run(variant(echo, { backoff: backoff() }), 'again')).toBe('again');
    expect(await caught(queue.add(variant(echo, { backoff: () => 10 }), 1))).toBeInstanceOf(OptionsError);
  });

  test('of another module is refused', async () => {
    const queue = makeQueue({ jobs: [echo] });
    const { name, input, run } = echo;
    const other = defineJob({ name, input, run, module: 'file:///elsewhere.js' });
    expect((await caught(queue.add(other, 1))).message).toMatch(/two definitions are called "echo".*elsewhere/);
  });
});

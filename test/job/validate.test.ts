import { defineJob, InputError, OutputError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { asyncSchema, byValibot, checkedOutput, sum } from '../fixtures/schemas.job.js';
import { caught, makeQueue, variant } from '../helpers.js';

describe('input', () => {
  test('what the schema returns is what is sent', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: 1 });
    expect(job.input).toEqual({ a: 1, b: 1 });
    expect(await job.result()).toEqual({ total: 2 });
  });

  test('a refused input is an InputError with path, issues and the job name', async () => {
    const queue = makeQueue();
    const error = await caught(queue.add(sum, { a: 'x' } as never));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ name: 'InputError', code: 'ERR_INPUT', jobName: 'sum' });
    expect(error.message).toMatch(/sum.*input\.a: .*number/);
    expect(error.issues[0].path).toEqual(['a']);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('run refuses like add', async () => {
    expect(await caught(makeQueue().run(sum, undefined as never))).toBeInstanceOf(InputError);
  });

  test('valibot speaks as zod does', async () => {
    const queue = makeQueue();
    expect(await queue.run(byValibot, { text: 'four' })).toEqual({ length: 4 });
    const error = await caught(queue.add(byValibot, { text: 'x' }));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain('input.text');
  });

  test('an asynchronous schema is awaited, and refuses', async () => {
    const queue = makeQueue();
    expect(await queue.run(asyncSchema, { n: 2 })).toBe(4);
    const error = await caught(queue.run(asyncSchema, { n: -2 }));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain('must be positive');
  });

  test('a validator that throws rejects add with what it threw', async () => {
    const thrown = new Error('validator');
    const input = { '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(thrown) } };
    const job = defineJob({ name: 'sum', module: sum.module, input: input as never, run: () => 1 });
    expect(await caught(makeQueue().add(job, 1 as never))).toBe(thrown);
  });
});

describe('output', () => {
  test('the schema parses the result in the thread', async () => {
    expect(await makeQueue().run(checkedOutput, { give: { n: 1, extra: true } })).toEqual({ n: 1, note: 'none' });
  });

  test('a refused result is an OutputError with issues, and a dead letter', async () => {
    const queue = makeQueue();
    const error = await caught(queue.run(checkedOutput, { give: { n: 'one' } }));
    expect(error).toBeInstanceOf(OutputError);
    expect(error).toMatchObject({ code: 'ERR_OUTPUT', name: 'OutputError', jobName: 'checked-output', attempt: 1 });
    expect(error.message).toMatch(/output\.n/);
    expect(error.issues[0].path).toEqual(['n']);
    expect(queue.deadLetters.size).toBe(1);
  });

  test('a refused result is retried like any failure', async () => {
    const queue = makeQueue();
    const twice = variant(checkedOutput, { maxAttempts: 2, backoff: { type: 'fixed', delay: 0 } });
    const error = await caught(queue.run(twice, { give: 1 }));
    expect(error).toBeInstanceOf(OutputError);
    expect(error.attempt).toBe(2);
  });
});

import { getEventListeners } from 'node:events';
import { defineJob } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { createTestClock, runJob } from '../../dist/testing/index.js';
import { checkpointsBytes, givesFunctions } from '../fixtures/last-words.job.js';
import { caught, thrownBy, variant } from '../helpers.js';
import * as jobs from './cases.job.js';

describe('runJob', () => {
  test('runs one attempt, from input schema to output schema', async () => {
    expect(await runJob(jobs.double, { n: 2 })).toMatchObject({ outcome: 'completed', output: { doubled: 4, note: 'none' } });
    const run = await runJob(jobs.checked, { n: 1, more: 1 });
    if (run.outcome === 'completed') expect(run.output.note.toUpperCase()).toBe('NONE');
    expect(await runJob(jobs.checked, {})).toMatchObject({
      outcome: 'failed',
      error: { code: 'ERR_OUTPUT', jobName: 'checked', attempt: 1 },
    });
  });

  test('sets up what the handler needs, and rejects when that cannot be torn down', async () => {
    const calls: unknown[] = [];
    const setup = () => {
      calls.push('setup');
      return { name: 'resource' };
    };
    const teardown = (resource: unknown) => void calls.push(resource);
    const run = (_input: unknown, context: { resource: unknown }) => context.resource;
    const definition = variant(jobs.echo, { setup, teardown, run } as never);
    expect(await runJob(definition, 1)).toMatchObject({ outcome: 'completed', output: { name: 'resource' } });
    expect(calls).toEqual(['setup', { name: 'resource' }]);
    const broken = () => {
      throw new Error('cannot be closed');
    };
    const { signal } = new AbortController();
    const error = await caught(runJob(variant(definition, { setup, teardown: broken } as never), 1, { signal }));
    expect(error.message).toBe('cannot be closed');
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('gives what the handler said', async () => {
    const run = await runJob(jobs.steps, 1, { attempt: 3, lastCheckpoint: { done: 2 }, maxAttempts: 5, metadata: 'm' });
    expect(run).toEqual({
      outcome: 'completed',
      output: { from: 2, attempt: 3, maxAttempts: 5, metadata: 'm', name: 'steps' },
      duration: expect.any(Number),
      progress: [{ from: 2 }],
      checkpoints: [{ done: 3 }],
      logs: [{ level: 'info', args: [{ from: 2 }, 'step'] }],
    });
    const first = await runJob(jobs.steps, 1);
    expect(first).toMatchObject({ outcome: 'failed', error: { message: 'at step 0' }, checkpoints: [{ done: 1 }] });
  });

  test('is the first of as many attempts as its definition allows, unless told otherwise', async () => {
    expect((await runJob(jobs.allows, 1)).output).toEqual({ attempt: 1, maxAttempts: 6 });
    expect((await runJob(jobs.allows, 1, { maxAttempts: 2 })).output).toEqual({ attempt: 1, maxAttempts: 2 });
  });

  test('clones input and result', async () => {
    expect((await runJob(jobs.kindOf, Buffer.from('abc'))).output).toEqual({ type: 'Uint8Array', isBuffer: false, bytes: 3 });
    expect(await runJob(jobs.returns, 'function')).toMatchObject({ outcome: 'failed', error: { code: 'ERR_NOT_CLONEABLE' } });
    expect((await runJob(jobs.throws, 'class')).error).toBeInstanceOf(RangeError);
  });

  test('rejects what add would refuse', async () => {
    expect(await caught(runJob(jobs.double, { n: 'x' } as never))).toMatchObject({ code: 'ERR_INPUT' });
    expect(await caught(runJob(jobs.echo, () => {}))).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    expect(await caught(runJob(jobs.echo, 1, { attempt: 0 }))).toMatchObject({ code: 'ERR_OPTIONS' });
    expect(await caught(runJob(jobs.echo, 1, { maxAttempts: 0 }))).toMatchObject({ code: 'ERR_OPTIONS' });
    expect(await caught(runJob(jobs.echo, 1, { timeout: 0 }))).toMatchObject({ code: 'ERR_OPTIONS' });
    expect(await caught(runJob({} as never, 1))).toMatchObject({ code: 'ERR_OPTIONS' });
    expect(await caught(runJob(jobs.echo, 1, { signal: AbortSignal.abort('early') }))).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('ends at the time limit of its clock', async () => {
    const clock = createTestClock();
    const running = runJob(jobs.never, 1, { clock, timeout: 5_000 });
    await clock.advance(4_999);
    await clock.advance(1);
    expect(await running).toMatchObject({ outcome: 'timed-out', duration: 5_000, error: { code: 'ERR_TIMEOUT', ranFor: 5_000 } });
    expect(await runJob(jobs.never, 1, { timeout: 1 })).toMatchObject({ outcome: 'timed-out' });
    expect(thrownBy(() => createTestClock('soon')).code).toBe('ERR_OPTIONS');
  });

  test('is cancelled by its signal', async () => {
    const controller = new AbortController();
    const running = runJob(jobs.polite, 1, { signal: controller.signal });
    await Promise.resolve();
    setImmediate(() => controller.abort('enough'));
    expect(await running).toMatchObject({ outcome: 'cancelled', error: { code: 'ERR_CANCELLED', reason: 'enough' } });
  });

  test('has what is logged though it could not cross: as text, and at its level', async () => {
    const { name, module, input } = jobs.echo;
    const logs = defineJob({ name, module, input, run: (_, { log }) => log.warn('done by', function named() {}, { at: 1 }) });
    expect((await runJob(logs, 1)).logs).toEqual([{ level: 'warn', args: ['done by', '[Function: named]', '{ at: 1 }'] }]);
  });

  test('leaves no listener on its signal, however it ends', async () => {
    const { signal } = new AbortController();
    for (const [job, input] of [
      [jobs.echo, 1],
      [jobs.throws, 'text'],
      [jobs.never, 1],
    ] as const) {
      await runJob(job as typeof jobs.echo, input, { signal, timeout: 20 });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
  });

  test('treats what the handler says as a thread does: by its path, and a small Buffer without its pool', async () => {
    for (const where of ['checkpoint', 'progress']) {
      const { error } = (await runJob(givesFunctions, where)) as { error: Error };
      expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
      expect(error.message).toContain(`${where}.list[0].done is a function`);
    }
    const { checkpoints } = await runJob(checkpointsBytes, 1);
    expect((checkpoints[0] as { bytes: Uint8Array }).bytes.buffer.byteLength).toBe(5);
  });
});

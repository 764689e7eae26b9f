import { expect, test } from 'vitest';
import { lineOf } from '../../dist/observe/log.js';
import { echo, flaky } from '../fixtures/answers.job.js';
import { misbehave, stubborn } from '../fixtures/misbehaves.job.js';
import { caught, makeQueue, next } from '../helpers.js';

function listening() {
  const lines: { level: string; fields: any; message: string | undefined }[] = [];
  const at = (level: string) => (fields: object, message?: string) => void lines.push({ level, fields, message });
  return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('every execution is one line with job, attempt, outcome and times', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger, name: 'logged' });
  const flakyJob = await queue.add(flaky, { failures: 2 }, { maxAttempts: 3 });
  await flakyJob.result();
  const hung = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
  await caught(hung.result());
  const crashed = await queue.add(misbehave, { does: 'exit' }, { maxAttempts: 1 });
  await caught(crashed.result());
  const executions = lines.filter(({ fields }) => 'outcome' in fields);
  const line = (level: string, job: { id: string; name: string }, attempt: number, outcome: string) => ({
    level,
    message: expect.any(String),
    fields: expect.objectContaining({
      queue: 'logged',
      jobId: job.id,
      job: job.name,
      attempt,
      outcome,
      wait: expect.any(Number),
      run: expect.any(Number),
    }),
  });
  expect(executions).toEqual([
    line('warn', flakyJob, 1, 'failed'),
    line('warn', flakyJob, 2, 'failed'),
    line('info', flakyJob, 3, 'completed'),
    line('error', hung, 1, 'timed-out'),
    line('error', crashed, 1, 'crashed'),
  ]);
});

test('a cancelled job and a killed thread have a line', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  const job = await queue.add(stubborn, 1);
  await next(queue, 'progress');
  job.cancel('no use');
  await caught(job.result());
  expect(lines.find(({ fields }) => fields.outcome === 'cancelled')?.fields).toMatchObject({ jobId: job.id, attempt: 1 });
  expect(lines.find(({ fields }) => fields.reason === 'cancelled')?.fields).toMatchObject({ threadId: expect.any(Number), jobId: job.id });
});

test('inputs, metadata and results are in no line', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger, deadLetters: { max: 1, alertAt: 1 } });
  const secret = 'secret-4711';
  await queue.run(echo, { secret }, { metadata: { secret }, idempotencyKey: 'k' });
  await queue.run(echo, { secret }, { idempotencyKey: 'k' });
  await caught(queue.run(flaky, { failures: 9, secret }, { maxAttempts: 2, deadLetter: true, metadata: secret }));
  await caught(queue.run(flaky, { failures: 9, secret }, { deadLetter: true }));
  await caught(queue.run(misbehave, { does: 'loop', secret }, { maxAttempts: 1 }));
  (await queue.add(echo, secret, { delay: 60_000 })).cancel();
  expect(lines.length).toBeGreaterThan(5);
  expect(JSON.stringify(lines)).not.toContain(secret);
});

test('of many cancelled at once each has its line, with an error of its own', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger, logMetadata: ['user'] });
  queue.pause();
  await queue.addBulk(echo, [1, 2, 3], { metadata: { user: 7 } });
  queue.cancel();
  const cancelled = lines.filter(({ message }) => message === 'job cancelled');
  expect(cancelled).toHaveLength(3);
  expect(new Set(cancelled.map(({ fields }) => fields.err.jobId)).size).toBe(3);
  // Where it was read says nothing.
  expect(cancelled[0]?.fields).toMatchObject({ user: 7, err: { stack: 'CancelledError: echo was cancelled: queue.cancel' } });
});

test('a level that the logger does not take has no lines', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger: Object.assign(logger, { isLevelEnabled: (level: string) => level !== 'info' }) });
  await queue.run(echo, 1);
  queue.pause();
  await queue.add(echo, 2);
  queue.cancel();
  await caught(queue.run(flaky, { failures: 9 }, { signal: AbortSignal.abort() }));
  expect(lines).toEqual([]);
  expect(queue.stats().totals).toMatchObject({ completed: 1, cancelled: 1 });
});

test('evictions and alerts have a line', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger, deadLetters: { max: 1, alertAt: 1 } });
  const evicted = next(queue, 'evicted');
  for (let count = 0; count < 2; count++) await caught(queue.run(flaky, { failures: 9 }, { deadLetter: true }));
  const [{ id: jobId }] = await evicted;
  const about = (text: RegExp) => lines.filter(({ message }) => text.test(message as string));
  expect(about(/^dead letter evicted/)).toMatchObject([{ level: 'warn', fields: { jobId, job: 'flaky' } }]);
  expect(about(/^many dead letters/)).toMatchObject([{ level: 'error', fields: { size: 1 } }]);
});

test('a logger that throws changes nothing', async () => {
  const fails = () => {
    throw new Error('disk full');
  };
  const queue = makeQueue({ logger: { trace: fails, debug: fails, info: fails, warn: fails, error: fails } });
  expect(await queue.run(flaky, { failures: 1 }, { maxAttempts: 2 })).toBe(2);
  expect((await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 1 }))).message).toBe('failure 1');
});

test('a thread that native code holds has a line', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  const zombie = next(queue, 'thread-zombie');
  const job = await queue.add(misbehave, { does: 'native' }, { timeout: 50, maxAttempts: 1 });
  const [{ threadId }] = await zombie;
  expect(lines).toContainEqual({
    level: 'error',
    message: expect.stringMatching(/^thread does not end/),
    fields: expect.objectContaining({ threadId, jobId: job.id }),
  });
});

test.each([
  [[{ rows: 3 }, 'read %s', 'it'], { rows: 3 }, 'read it'],
  [[{ rows: 3 }], { rows: 3 }, undefined],
  [['read %s', 'it'], {}, 'read it'],
  [[null, 'there'], {}, 'null there'],
  [[new RangeError('far')], { err: expect.objectContaining({ message: 'far' }) }, undefined],
])('what a handler logs, %j, are fields and a text, with the facts of its job', (args, fields, text) => {
  const work = { id: 'the-id', kind: { definition: { name: 'reads' } }, attempt: 2, metadata: { user: 7 } };
  const logger = { of: (metadata: unknown) => metadata };
  expect(lineOf(work as never, args, logger as never)).toEqual([{ ...fields, user: 7, jobId: 'the-id', job: 'reads', attempt: 2 }, text]);
});

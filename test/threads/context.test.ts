import { expect, test } from 'vitest';
import { about } from '../fixtures/answers.job.js';
import { talks } from '../fixtures/misbehaves.job.js';
import { takesOut } from '../fixtures/takes-out.job.js';
import { caught, makeQueue } from '../helpers.js';

function listening() {
  const lines: { level: string; fields: any; message: string | undefined }[] = [];
  const at = (level: string) => (fields: object, message?: string) => void lines.push({ level, fields, message });
  return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('progress arrives in order, and the last stays on the job', async () => {
  const queue = makeQueue();
  const values: unknown[] = [];
  queue.on('progress', (_job, value) => void values.push(value));
  const job = await queue.add(talks, { progress: [1, { half: true }, 'done'] });
  await job.result();
  expect(values).toEqual([1, { half: true }, 'done']);
  expect(job.progress).toBe('done');
});

test.each([false, true])('log lines arrive with the id of the job (thread killed: %j)', async (hang) => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  const job = await queue.add(talks, { hang });
  if (hang) await caught(job.result());
  else await job.result();
  const own = lines.filter(({ message }) => !/^(job|thread) /.test(message ?? ''));
  expect(own.map(({ level, message }) => [level, message])).toEqual([
    ['trace', 'a trace'],
    ['debug', 'count 3'],
    ['info', 'with fields'],
    ['warn', 'as warning'],
    ['error', expect.stringContaining('of a function')],
  ]);
  for (const { fields } of own) expect(fields).toMatchObject({ jobId: job.id, job: 'talks', attempt: 1, queue: 'default' });
  expect(own[2].fields.step).toBe(1);
  expect(own[3].fields.err.message).toContain('logged error');
});

test('a first attempt has nothing to resume', async () => {
  expect(await makeQueue().run(about, 1)).toMatchObject({ attempt: 1, lastCheckpoint: undefined, aborted: false });
});

test('methods may be taken out of the context', async () => {
  const job = await makeQueue({ logger: false }).add(takesOut, 1);
  expect(await job.result()).toBe('kept');
  expect(job.progress).toBe(2);
  expect(job.logs.join()).toContain('at work');
});

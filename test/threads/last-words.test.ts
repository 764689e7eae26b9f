import { describe, expect, test } from 'vitest';
import { bomb, patient } from '../fixtures/bomb.job.js';
import { causes, checkpointsBytes, givesFunctions, lastWords, logsOnce } from '../fixtures/last-words.job.js';
import { leaves } from '../fixtures/misbehaves.job.js';
import { stuck } from '../fixtures/stuck.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next } from '../helpers.js';
import { innocent } from './fixtures/leaves-timer.job.js';

function listening() {
  const lines: { level: string; fields: any; message: string | undefined }[] = [];
  const at = (level: string) => (fields: object, message?: string) => void lines.push({ level, fields, message });
  return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

test('what a job says just before it ends its thread is heard', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  for (let round = 0; round < 5; round++) {
    const job = await queue.add(lastWords, `word ${round}`);
    expect(await caught(job.result())).toMatchObject({ code: 'ERR_CRASH', exitCode: 3 });
    expect(job.progress).toBe(`word ${round}`);
    expect(lines.some(({ message, fields }) => message === `word ${round}` && fields.jobId === job.id)).toBe(true);
  }
});

test('a line whose values cannot be sent after all arrives as text', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  await queue.run(logsOnce, 1);
  const said = lines.filter(({ fields }) => fields.job === 'logs-once' && fields.outcome === undefined);
  expect(said.map(({ message }) => message)).toEqual(['before', '{ bad: [Getter] } looked at once', 'after']);
});

test('each attempt of an interrupted job has its line', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  const memory = new SharedArrayBuffer(4);
  await queue.run(bomb, memory);
  const job = await queue.add(patient, memory);
  await job.result();
  const own = lines.filter(({ fields }) => fields.jobId === job.id);
  expect(own.map(({ level, fields }) => [level, fields.attempt, fields.outcome])).toEqual([
    ['warn', 1, 'interrupted'],
    ['info', 1, 'completed'],
  ]);
});

test('an error that a job left behind is in the log, with its job and its stack', async () => {
  const { lines, logger } = listening();
  const queue = makeQueue({ logger });
  const gate = makeGate();
  const job = await queue.add(leaves, { gate: gate.memory, does: 'throw' });
  await job.result();
  const late = next(queue, 'late-error');
  gate.open();
  await late;
  const line = lines.find(({ fields }) => String(fields.err?.message).includes('late throw'));
  expect(line).toMatchObject({ level: 'error', fields: { jobId: job.id, threadId: expect.any(Number) } });
  expect(line?.fields.err.stack).toContain('misbehaves.job.js');
});

test('an error from what a module has left behind is not charged to the job that runs then', async () => {
  const queue = makeQueue();
  const late = makeGate();
  const told = makeGate();
  const job = await queue.add(innocent, { late: late.memory, told: told.memory }, { maxAttempts: 1 });
  await next(queue, 'progress');
  const heard = next(queue, 'late-error');
  late.open();
  const [event, error] = await heard;
  expect(event.jobId).toBeUndefined();
  expect(error).toMatchObject({ message: 'left by a module' });
  told.open();
  expect(await job.result()).toBe('innocent');
  expect(job.attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
  expectBalanced(queue);
});

test('a chain of causes arrives to its end', async () => {
  let error = await caught(makeQueue().run(causes, 12));
  for (let n = 12; n >= 0; n--) {
    expect(error).toMatchObject({ message: `cause ${n}` });
    error = error.cause;
  }
  expect(error).toBeUndefined();
});

test.each(['checkpoint', 'progress'])('a %s that cannot be sent is refused by its path', async (where) => {
  const error = await caught(makeQueue().run(givesFunctions, where));
  expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  expect(error.message).toContain(`${where}.list[0].done is a function`);
});

test('a small Buffer in a checkpoint does not drag its pool along', async () => {
  expect(await makeQueue().run(checkpointsBytes, 1)).toBe(5);
});

describe('a post-mortem says how busy the thread was', () => {
  test.each([
    ['loop', 0.5, 1.01],
    ['pending', -0.01, 0.99],
  ])('%s', async (way, least, most) => {
    const error = await caught(makeQueue({ jobs: [stuck] }).run(stuck, way as 'loop'));
    expect(error.postMortem.elu).toBeGreaterThan(least);
    expect(error.postMortem.elu).toBeLessThan(most);
  });
});

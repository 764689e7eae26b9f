import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type JobRecord, observe } from '../../dist/internals.js';
import { echo, flaky } from '../fixtures/answers.job.js';
import { caught, makeQueue } from '../helpers.js';

const always = () => true;

test('an observer hears of a job before listeners do, with what they hear, and makes no handle of it', async () => {
  const queue = makeQueue();
  const heard: unknown[] = [];
  observe(queue, 'failed', { told: (record, error) => void heard.push(record.handle, record.id, error), isWanted: always });
  await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }));
  expect(heard).toEqual([undefined, expect.any(String), expect.objectContaining({ message: 'failure 1' })]);
  queue.on('failed', (job, error) => void heard.push(job.id, error));
  await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }));
  const [, , , , id, error] = heard;
  expect(heard.slice(3)).toEqual([undefined, id, error, id, error]);
});

test('one is told only while it wants to hear', async () => {
  const queue = makeQueue();
  let wants = false;
  const inputs: unknown[] = [];
  observe(queue, 'added', { told: ({ input }) => void inputs.push(input), isWanted: () => wants });
  const listened: unknown[] = [];
  queue.on('added', ({ input }) => void listened.push(input));
  await queue.run(echo, 1);
  wants = true;
  await queue.run(echo, 2);
  wants = false;
  await queue.run(echo, 3);
  expect(inputs).toEqual([2]);
  expect(listened).toEqual([1, 2, 3]);
});

test('one that throws, and one that stops itself, keep nothing from the others', async () => {
  const lines: string[] = [];
  const logger = pino(new Writable({ write: (line, _encoding, done) => done(void lines.push(String(line))) }));
  const queue = makeQueue({ logger });
  const heard: string[] = [];
  const fail = () => {
    throw new Error('of an observer');
  };
  observe(queue, 'added', { told: fail, isWanted: always });
  const stop = observe(queue, 'added', {
    told() {
      heard.push('first');
      stop();
    },
    isWanted: always,
  });
  observe(queue, 'added', { told: () => void heard.push('second'), isWanted: always });
  queue.on('added', () => void heard.push('listener'));
  await queue.run(echo, 1);
  await queue.run(echo, 2);
  expect(heard).toEqual(['first', 'second', 'listener', 'second', 'listener']);
  expect(lines.filter((line) => line.includes('of an observer'))).toHaveLength(2);
});

test('what happens while one is told is told after it, also to others', async () => {
  const queue = makeQueue();
  const heard: string[] = [];
  const told = (who: string) => (record: JobRecord) => {
    heard.push(`${who} ${record.input}`);
    if (record.input === 1 && who === 'first') void queue.add(echo, 2);
  };
  observe(queue, 'added', { told: told('first'), isWanted: always });
  observe(queue, 'added', { told: told('second'), isWanted: always });
  await queue.run(echo, 1);
  await queue.idle();
  expect(heard).toEqual(['first 1', 'second 1', 'first 2', 'second 2']);
});

test('only a JobQueue can be observed', () => {
  expect(() => observe(new EventEmitter() as never, 'added', { told() {}, isWanted: always })).toThrow(
    expect.objectContaining({
      name: 'OptionsError',
      message: expect.stringContaining('expected a JobQueue, whose jobs run in this process'),
    }),
  );
});

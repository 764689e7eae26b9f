import { Worker } from 'node:worker_threads';
import { beforeEach, expect, test, vi } from 'vitest';
import { hold } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { caught, makeGate, makeQueue, next, until } from '../helpers.js';

/** As Node.js does at times, where an evaluation is under way in the thread: the first termination is swallowed. */
const lost = new Set<Worker>();
const haveExited = () => [...lost].every(({ threadId }) => threadId === -1);

beforeEach(() => {
  lost.clear();
  const terminate = Worker.prototype.terminate;
  const spy = vi.spyOn(Worker.prototype, 'terminate').mockImplementation(function (this: Worker) {
    if (lost.has(this)) return terminate.call(this);
    lost.add(this);
    return new Promise(() => {});
  });
  return () => spy.mockRestore();
});

test('a thread whose termination is lost when its job is killed exits all the same', async () => {
  const queue = makeQueue();
  await caught(queue.run(misbehave, { does: 'loop' }, { timeout: 60 }));
  expect(lost.size).toBe(1);
  await until(haveExited);
});

test('and so does one whose termination is lost when its queue is closed', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory });
  await next(queue, 'progress');
  const { unfinished } = await queue.close({ drain: 'none' });
  expect(unfinished.map(({ id }) => id)).toEqual([job.id]);
  expect(lost.size).toBeGreaterThan(0);
  await until(haveExited);
});

import { Worker } from 'node:worker_threads';
import { beforeEach, expect, test, vi } from 'vitest';
import { hold } from '../fixtures/answers.job.js';
import { misbehave } from '../fixtures/misbehaves.job.js';
import { caught, makeGate, makeQueue, next } from '../helpers.js';

/** As Node.js does at times, where an evaluation is under way in the thread: the first termination is swallowed. */
const lost = new Set<Worker>();

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
  const zombie = next(queue, 'thread-zombie');
  await caught(queue.run(misbehave, { does: 'loop' }, { timeout: 60 }));
  await zombie;
  await Promise.all([...lost].map((worker) => new Promise((resolve) => worker.once('exit', resolve))));
  expect(lost.size).toBe(1);
});

test('and so does one whose termination is lost when its queue is closed', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory });
  await next(queue, 'progress');
  const exits = new Promise<void>((resolve) => {
    queue.on('thread-zombie', () => {
      for (const worker of lost) worker.once('exit', () => resolve());
    });
  });
  const { unfinished } = await queue.close({ drain: 'none' });
  expect(unfinished.map(({ id }) => id)).toEqual([job.id]);
  await exits;
});

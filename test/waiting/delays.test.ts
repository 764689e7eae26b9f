import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/record.js';
import { Delays } from '../../dist/waiting/delays.js';
import { echo } from '../fixtures/answers.job.js';
import { HandClock } from '../hand-clock.js';
import { makeQueue, next } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const record = (order: number) => ({ order }) as unknown as JobRecord;

const commands = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('add' as const), delay: fc.integer({ min: 0, max: 1_000 }) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 500 }) }) },
  ),
  { maxLength: 150, size: 'max' },
);

test('every job comes when it is due, in order of time then arrival, and with one timer', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const clock = new HandClock();
      const came: JobRecord[] = [];
      const delays = new Delays(clock, (one) => {
        came.push(one);
      });
      let model: { one: JobRecord; due: number; order: number }[] = [];
      let order = 0;
      const sort = () => model.sort((a, b) => a.due - b.due || a.order - b.order);
      for (const command of list) {
        if (command.does === 'add') {
          const one = record(++order);
          delays.add(one, command.delay);
          model.push({ one, due: clock.time + command.delay, order });
          expect(delays.dueAt(one)).toBe(clock.time + command.delay);
        } else if (command.does === 'remove') {
          if (model.length > 0) delays.remove(model.splice(command.which % model.length, 1)[0]?.one as JobRecord);
        } else {
          came.length = 0;
          clock.advance(command.ms);
          const due = sort().filter((entry) => entry.due <= clock.time);
          model = model.filter((entry) => entry.due > clock.time);
          expect(came).toEqual(due.map(({ one }) => one));
        }
        sort();
        expect(delays.size).toBe(model.length);
        expect(delays.nextDue).toBe(model[0]?.due ?? Number.POSITIVE_INFINITY);
        expect([...delays]).toEqual(model.map(({ one }) => one));
        expect(clock.timers.size).toBe(model.length > 0 ? 1 : 0);
      }
    }),
    { numRuns: 200 },
  );
});

test('a job that is not in there can be removed', () => {
  const delays = new Delays(new HandClock(), () => {});
  delays.remove(record(1));
  expect(delays.size).toBe(0);
});

describe('in a queue', () => {
  test('a delayed job runs after one that is not, and jobs run in order of their time', async () => {
    const queue = makeQueue();
    const done: unknown[] = [];
    queue.on('completed', (job) => void done.push(job.input));
    const drained = next(queue, 'drained');
    // Accepted in one turn of the event loop: whatever the machine does, their times are in order.
    const added = [queue.add(echo, 'third', { delay: 60 }), queue.add(echo, 'second', { delay: 30 }), queue.add(echo, 'first')];
    await Promise.all(added);
    await drained;
    expect(done).toEqual(['first', 'second', 'third']);
  });

  test('jobs that are due at one time run in order of arrival', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const inputs = Array.from({ length: 50 }, (_, n) => n);
    const jobs = await Promise.all(inputs.map((n) => queue.add(echo, n, { delay: 1_000 })));
    await queue.add(echo, 'sooner', { delay: 500 });
    expect(jobs.map(({ state }) => state)).toEqual(inputs.map(() => 'delayed'));
    expect(queue.list('delayed', { limit: 100 }).map(({ input }) => input)).toEqual(['sooner', ...inputs]);
    const done: unknown[] = [];
    queue.on('completed', (job) => void done.push(job.input));
    await queue.drain({ withDelayed: true });
    expect(done).toEqual(['sooner', ...inputs]);
  });

  test('a delay beyond what a timer holds does not fire at once', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 'far', { delay: 2 ** 31 + 1_000 });
    await queue.run(echo, 'now');
    await queue.run(echo, 'now');
    expect(job.state).toBe('delayed');
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { defineJob } from 'threadmill';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../dist/testing/clock.js';
import { echo } from '../fixtures/answers.job.js';
import { makeTestQueue } from './queues.js';

/** As {@link echo}, with inputs whose validation takes a turn of the event loop. */
const checkedSlowly = defineJob({
  name: 'checked-slowly',
  module: echo.module,
  input: { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => turn({ value }) } },
  run: echo.run,
});

test('timers fire in the order of their times, then in that in which they were set, each at its time; one that was cleared does not', async () => {
  const clock = new VirtualClock(1_000);
  const fired: [string, number][] = [];
  const set = (name: string, ms: number) => clock.setTimeout(() => void fired.push([name, clock.now()]), ms);
  set('late', 30);
  set('early', 10);
  const cleared = set('cleared', 10);
  set('as early', 10);
  set('at the end', 50);
  clock.clearTimeout(cleared);
  clock.clearTimeout(undefined);
  await clock.advance(49);
  expect(fired).toEqual([
    ['early', 1_010],
    ['as early', 1_010],
    ['late', 1_030],
  ]);
  expect(clock.now()).toBe(1_049);
  await clock.advance(1);
  expect(fired.at(-1)).toEqual(['at the end', 1_050]);
  expect(await clock.advanceToNext()).toBe(false);
});

test('advance takes what was begun along, before the time moves and at each time on the way', async () => {
  const queue = makeTestQueue({ mode: 'inline' });
  const begun = queue.clock.now();
  const adding = queue.add(checkedSlowly, 1, { delay: 100 });
  const schedule = queue.schedule(checkedSlowly, 2, { every: 1_000 });
  await queue.clock.advance(2_500);
  schedule.stop();
  const job = await adding;
  expect([job.state, (job.startedAt as number) - begun]).toEqual(['completed', 100]);
  expect(queue.added(checkedSlowly).map(({ startedAt }) => (startedAt as number) - begun)).toEqual([100, 1_000, 2_000]);
});

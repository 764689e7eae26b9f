import { describe, expect, test } from 'vitest';
import { about, echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const START = Date.UTC(2026, 0, 1);
const manual = () => makeTestQueue({ mode: 'manual', startTime: START });

describe('a schedule', () => {
  test('leaves out a run while the last one runs or waits, unless overlap', async () => {
    const queue = manual();
    queue.schedule(echo, 1, { every: 1_000 });
    await queue.clock.advance(5_000);
    expect(queue.added().length).toBe(1);
    const overlapping = manual();
    overlapping.schedule(echo, 1, { every: 1_000 }, { overlap: true });
    await overlapping.clock.advance(5_000);
    expect(overlapping.added().length).toBe(5);
  });

  test('immediately: the first run is at once', async () => {
    const queue = manual();
    const schedule = queue.schedule(echo, 1, { every: 1_000 }, { immediately: true, metadata: 'm', priority: 4 });
    await queue.clock.advance(0);
    expect(queue.added()).toMatchObject([{ metadata: 'm', priority: 4 }]);
    expect(schedule.next).toBe(START + 1_000);
  });

  test('ends at its limit, the runs left out not counted', async () => {
    const queue = manual();
    const schedule = queue.schedule(echo, 1, { every: 1_000 }, { limit: 2 });
    await queue.clock.advance(3_000);
    expect(queue.added().length).toBe(1);
    await queue.drain();
    expect(schedule.next).toBe(START + 4_000);
    await queue.clock.advance(10_000);
    expect(queue.added().length).toBe(2);
    expect(schedule.next).toBeUndefined();
  });

  test.each([START + 2_500, new Date(START + 2_500)])('ends with until: %s', async (until) => {
    const queue = manual();
    const schedule = queue.schedule(echo, 1, { every: 1_000 }, { until, overlap: true });
    await queue.clock.advance(10_000);
    expect(queue.added().length).toBe(2);
    expect(schedule.next).toBeUndefined();
  });

  test('trigger adds a run now, and answers with the one that is not over', async () => {
    const queue = manual();
    const schedule = queue.schedule(about, 1, { every: 60_000 });
    const [first, second] = await Promise.all([schedule.trigger(), schedule.trigger()]);
    expect(second).toBe(first);
    await queue.drain();
    expect(first.output).toMatchObject({ maxAttempts: 4 });
    expect((await schedule.trigger()).id).not.toBe(first.id);
    expect(schedule.next).toBe(START + 60_000);
  });

  test('what trigger rejects with need not be caught', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    queue.pause();
    const schedule = queue.schedule(echo, 1, { every: 60_000 }, { overlap: true });
    await schedule.trigger();
    void schedule.trigger();
    expect(await caught(schedule.trigger())).toHaveProperty('code', 'ERR_QUEUE_FULL');
  });

  test('refuses wrong options', () => {
    const queue = makeQueue();
    for (const options of [{ limit: 0 }, { overlap: 1 }, { immediately: 'yes' }, { until: 'soon' }, { timeout: -1 }]) {
      expect(thrownBy(() => queue.schedule(echo, 1, { every: 1 }, options as never))).toHaveProperty('code', 'ERR_OPTIONS');
    }
  });
});

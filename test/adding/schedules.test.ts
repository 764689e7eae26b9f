import { setImmediate as turn } from 'node:timers/promises';
import { InputError, type Job, OptionsError, QueueClosedError, QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import type { ScheduleOptions } from '../../dist/adding/schedule-times.js';
import { type Repeat, Schedules } from '../../dist/adding/schedules.js';
import { echo } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { HandClock } from '../hand-clock.js';
import { makeQueue, next, thrownBy } from '../helpers.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A schedule on a clock of its own; every run is over at once unless `state` is set. */
function make(options: ScheduleOptions, wallTime: number | string = '2026-01-01T00:00:00Z', repeat?: Repeat) {
  const clock = new HandClock(wallTime);
  const schedules = new Schedules(clock);
  const runs: string[] = [];
  const errors: unknown[] = [];
  const control = { state: 'completed', fails: undefined as unknown };
  const add = async () => {
    if (control.fails !== undefined) throw control.fails;
    runs.push(new Date(clock.wallTime()).toISOString());
    return {
      get state() {
        return control.state;
      },
    } as Job;
  };
  const schedule = schedules.start('job', options, add, (error) => void errors.push(error), repeat);
  return { clock, schedules, runs, errors, control, schedule };
}

describe('every', () => {
  test('runs at start + n × every, however late the timers are', async () => {
    const { clock, runs, schedule, schedules } = make({ every: 1_000 });
    expect(schedule.next).toBe(Date.parse('2026-01-01T00:00:01Z'));
    for (const late of [1_007, 1_000, 990]) {
      clock.advance(late, { late: true });
      await turn();
    }
    expect(runs.map((run) => run.slice(17))).toEqual(['01.007Z', '02.007Z']);
    clock.advance(3);
    expect(schedule.next).toBe(Date.parse('2026-01-01T00:00:04Z'));
    schedules.close();
  });

  test('leaves out what was missed while the event loop was blocked', async () => {
    const { clock, runs, schedule, schedules } = make({ every: 1_000 });
    clock.advance(10_500, { late: true });
    await turn();
    expect(runs).toHaveLength(1);
    expect(schedule.next).toBe(Date.parse('2026-01-01T00:00:11Z'));
    schedules.close();
  });

  test('does not care for a wall clock that is set', async () => {
    const { clock, runs, schedule, schedules } = make({ every: 1_000 });
    clock.offset += 5 * DAY;
    clock.advance(999);
    expect(runs).toHaveLength(0);
    clock.advance(1);
    await turn();
    expect(runs).toHaveLength(1);
    expect(schedule.next).toBe(Date.parse('2026-01-06T00:00:02Z'));
    schedules.close();
  });

  test('may be longer than a timer holds', async () => {
    const { clock, runs, schedules } = make({ every: 40 * DAY });
    clock.advance(40 * DAY - 1);
    expect(runs).toHaveLength(0);
    clock.advance(1);
    await turn();
    expect(runs).toHaveLength(1);
    schedules.close();
  });
});

describe('cron', () => {
  test('runs at the times of the pattern', async () => {
    const { clock, runs, schedule, schedules } = make({ cron: '0 3 * * *', timezone: 'UTC' });
    expect(schedule.next).toBe(Date.parse('2026-01-01T03:00:00Z'));
    for (let hour = 0; hour < 60; hour++) {
      clock.advance(HOUR);
      await turn();
    }
    expect(runs).toEqual(['2026-01-01T03:00:00.000Z', '2026-01-02T03:00:00.000Z', '2026-01-03T03:00:00.000Z']);
    schedules.close();
  });

  test('in a time zone runs once on the day whose clocks skip the hour, and once on the day that has it twice', async () => {
    const spring = make({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-03-28T12:00:00Z');
    const autumn = make({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-10-24T12:00:00Z');
    for (const { clock, schedules } of [spring, autumn]) {
      for (let hour = 0; hour < 48; hour++) {
        clock.advance(HOUR);
        await turn();
      }
      schedules.close();
    }
    // 02:30 does not exist: it runs when the clocks have gone to 03:00.
    expect(spring.runs).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
    expect(autumn.runs).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
  });

  test('sees a wall clock that is set forward within a minute', async () => {
    const { clock, runs, schedule, schedules } = make({ cron: '0 3 * * *', timezone: 'UTC' });
    clock.offset += 5 * HOUR;
    clock.advance(60_000);
    await turn();
    expect(runs).toHaveLength(1);
    expect(schedule.next).toBe(Date.parse('2026-01-02T03:00:00Z'));
    schedules.close();
  });

  test('runs nothing twice when the wall clock is set back a little, and follows it when it is set back by days', async () => {
    const { clock, runs, schedule, schedules } = make({ cron: '0 * * * *', timezone: 'UTC' });
    clock.advance(HOUR + 60_000);
    await turn();
    clock.offset -= HOUR / 2;
    clock.advance(HOUR / 2);
    await turn();
    expect(runs).toEqual(['2026-01-01T01:00:00.000Z']);
    expect(schedule.next).toBe(Date.parse('2026-01-01T02:00:00Z'));
    clock.offset -= 5 * DAY;
    clock.advance(60_000);
    expect(schedule.next).toBe(Date.parse('2025-12-27T02:00:00Z'));
    schedules.close();
  });

  test('a yearly pattern keeps its rhythm', () => {
    const { clock, runs, schedule, schedules } = make({ cron: '@yearly', timezone: 'UTC' }, '2026-12-30T00:00:00Z');
    clock.advance(2 * DAY);
    expect(runs).toEqual(['2027-01-01T00:00:00.000Z']);
    expect(schedule.next).toBe(Date.parse('2028-01-01T00:00:00Z'));
    schedules.close();
  });

  test('a pattern that never comes, or a date that has passed, has no next', () => {
    expect(make({ cron: '0 0 31 2 *' }).schedule.next).toBeUndefined();
    expect(make({ cron: '0 0 0 1 1 * 2020' }).schedule.next).toBeUndefined();
  });
});

describe('a run', () => {
  test('that still waits or runs is not added twice', async () => {
    const { clock, runs, control, schedules } = make({ every: 1_000 });
    for (const state of ['waiting', 'waiting', 'delayed', 'active', 'completed']) {
      control.state = state;
      clock.advance(1_000);
      await turn();
    }
    expect(runs.map((run) => run.slice(17, 19))).toEqual(['01', '05']);
    schedules.close();
  });

  test('that cannot be added is reported, and the next is tried', async () => {
    const { clock, runs, errors, control, schedules } = make({ every: 1_000 });
    control.fails = new Error('full');
    clock.advance(1_000);
    await turn();
    control.fails = undefined;
    clock.advance(1_000);
    await turn();
    expect(errors).toMatchObject([{ message: 'full' }]);
    expect(runs).toHaveLength(1);
    schedules.close();
  });

  test('that is the last one and cannot be added is reported, though the schedule has ended', async () => {
    const once = { overlap: false, immediately: false, limit: 1, until: Number.POSITIVE_INFINITY };
    const { clock, errors, control, schedule } = make({ every: 1_000 }, undefined, once);
    control.fails = new Error('full');
    clock.advance(1_000);
    expect(schedule.next).toBeUndefined();
    await turn();
    expect(errors).toMatchObject([{ message: 'full' }]);
  });

  test('that is refused because the schedule was stopped meanwhile is not', async () => {
    const { clock, errors, control, schedule } = make({ every: 1_000 });
    control.fails = new Error('closed');
    clock.advance(1_000);
    schedule.stop();
    await turn();
    expect(errors).toEqual([]);
  });
});

test('stop leaves no timer behind, and twice is fine', () => {
  const { clock, schedule } = make({ every: 1_000 });
  schedule.stop();
  schedule.stop();
  expect(schedule.next).toBeUndefined();
  expect(clock.timers.size).toBe(0);
});

describe('in a queue', () => {
  test('jobs are added again and again, until stop', async () => {
    const queue = makeQueue();
    const schedule = queue.schedule(echo, 'tick', { every: 5 });
    const [first] = await next(queue, 'completed');
    const [job] = await next(queue, 'completed', ({ id }) => id !== first.id);
    expect(job.input).toBe('tick');
    expect(schedule.next).toBeTypeOf('number');
    schedule.stop();
    expect(schedule.next).toBeUndefined();
  });

  test('close stops schedules', async () => {
    const queue = makeQueue();
    const schedule = queue.schedule(echo, 'tick', { cron: '* * * * *' });
    await queue.close();
    expect(schedule.next).toBeUndefined();
    expect(thrownBy(() => queue.schedule(echo, 'tick', { every: 5 }))).toBeInstanceOf(QueueClosedError);
  });

  test('a run that finds the queue full is logged', async () => {
    const lines: string[] = [];
    const log = (_fields: object, message?: string) => void lines.push(message ?? '');
    const reported = new Promise<object>((resolve) => {
      const error = (fields: object, message?: string) => {
        log(fields, message);
        resolve(fields);
      };
      const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject', logger: { trace: log, debug: log, info: log, warn: log, error } });
      queue.pause();
      void queue.add(echo, 'fills it');
      queue.schedule(echo, 'tick', { every: 1 });
    });
    expect(await reported).toMatchObject({ err: expect.any(QueueFullError) });
    expect(lines).toContain('a scheduled run of job "echo" could not be added');
  });

  test.each([
    [{ every: 0 }, 'every'],
    [{ every: 0.5 }, 'every'],
    [{ every: Number.NaN }, 'every'],
    [{ every: Number.POSITIVE_INFINITY }, 'every'],
    [{ cron: 'nonsense' }, "given 'nonsense'"],
    [{ cron: '99 * * * *' }, "given '99 * * * *'"],
    [{ cron: '* * * * *', timezone: 'Mars/Olympus' }, "given 'Mars/Olympus'"],
    [{ cron: '* * * * *', timezone: '' }, 'option "timezone"'],
    [{ cron: '* * * * *', every: 5 }, 'every'],
    [{}, 'expected { cron'],
    [undefined, 'expected { cron'],
  ])('%j is an OptionsError', (options, text) => {
    const error = thrownBy(() => makeQueue().schedule(echo, 1, options as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch('schedule(echo)');
    expect(error.message).toContain(text);
  });

  test('a bad input is refused when it is scheduled', () => {
    expect(thrownBy(() => makeQueue().schedule(sum, { a: 'one' } as never, { every: 5 }))).toBeInstanceOf(InputError);
  });
});

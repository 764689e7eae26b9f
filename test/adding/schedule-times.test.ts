import { expect, test } from 'vitest';
import { timesOf } from '../../dist/adding/schedule-times.js';
import { HandClock } from '../hand-clock.js';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

test('a wall clock that is set back a little brings no run of a pattern twice', () => {
  const clock = new HandClock(START);
  const times = timesOf({ cron: '* * * * *', timezone: 'UTC' }, clock, 'here');
  expect([times.next(), times.remaining()]).toEqual([START + MINUTE, MINUTE]);
  clock.advance(MINUTE);
  clock.offset -= 1_000;
  times.pass();
  expect([times.next(), times.remaining()]).toEqual([START + 2 * MINUTE, MINUTE + 1_000]);
});

test('one that is set back by far begins again from there', () => {
  const clock = new HandClock(START);
  const times = timesOf({ cron: '0 * * * *', timezone: 'UTC' }, clock, 'here');
  clock.advance(60 * MINUTE);
  times.pass();
  clock.offset -= 24 * 60 * MINUTE;
  expect(times.remaining()).toBe(60 * MINUTE);
  expect(times.next()).toBe(START - 22 * 60 * MINUTE);
});

test('times that were missed are left out, of an interval and of a pattern', () => {
  const clock = new HandClock(START);
  const [every, cron] = [timesOf({ every: 1_000 }, clock, 'here'), timesOf({ cron: '* * * * * *', timezone: 'UTC' }, clock, 'here')];
  expect([every.next(), cron.next()]).toEqual([START + 1_000, START + 1_000]);
  for (const [late, next] of [
    [1_000, 2_000],
    [3_500, 5_000],
    [500, 6_000],
  ]) {
    clock.advance(late);
    for (const times of [every, cron]) {
      times.pass();
      expect(times.next()).toBe(START + next);
    }
  }
});

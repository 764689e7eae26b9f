import { expect, test } from 'vitest';
import { Calendar } from '../../dist/time/calendar.js';
import { realClock } from '../../dist/time/clock.js';
import { HandClock } from '../hand-clock.js';

test('the wall clock is the time of Date, finer', () => {
  for (let reading = 0; reading < 1_000; reading++) {
    const before = Date.now();
    const time = realClock.wallTime();
    // Both are rounded by less than 2 ms.
    expect(time).toBeGreaterThan(before - 2);
    expect(time).toBeLessThan(Date.now() + 2);
  }
});

test('a time keeps its date, in whole milliseconds, also when the wall clock is set later', () => {
  const clock = new HandClock('2030-01-01T00:00:00Z');
  const calendar = new Calendar(clock);
  const before = clock.now() + 0.7;
  expect(calendar.timeOf(before)).toBe(Date.UTC(2030, 0, 1));
  clock.advance(60_000);
  clock.offset += 3_600_000;
  calendar.look();
  expect(calendar.timeOf(clock.now())).toBe(Date.UTC(2030, 0, 1, 1, 1));
  expect(calendar.timeOf(before)).toBe(Date.UTC(2030, 0, 1));
});

test('dates of one job keep their order on the real clock', () => {
  const calendar = new Calendar(realClock);
  const first = realClock.now();
  const dates = [first, first + 0.2, first + 3].map((time) => calendar.timeOf(time));
  expect(dates).toEqual([...dates].sort((a, b) => a - b));
  expect(dates[0]).toBeLessThanOrEqual(Date.now() + 2);
});

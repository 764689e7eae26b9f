import { expect, test } from 'vitest';
import { JobKind } from '../../dist/job/kind.js';
import { rareOf } from '../../dist/job/rare.js';
import { JobRecord } from '../../dist/job/record.js';
import { noTimes } from '../../dist/job/times.js';
import { Expiries } from '../../dist/waiting/expiries.js';
import { echo } from '../fixtures/answers.job.js';
import { HandClock } from '../hand-clock.js';

/** A job that may wait for a second, at the moment at which it comes in. */
function make() {
  const clock = new HandClock('2026-01-01T00:00:00Z');
  const expired: JobRecord[] = [];
  const expiries = new Expiries(clock, (one) => void expired.push(one));
  const record = new JobRecord('id', new JobKind(echo, 0, {} as never), 1, 0, 1, clock.now(), { maxWait: 1_000 }, noTimes(1), false);
  return { clock, expired, expiries, record };
}

test('a job that comes back from a thread without having run has waited since it was added', () => {
  const { clock, expired, expiries, record } = make();
  expiries.enters(record);
  clock.advance(400);
  expiries.over(record);
  clock.advance(200);
  expiries.waits(record);
  clock.advance(399);
  expect(expired).toEqual([]);
  clock.advance(1);
  expect(expired).toEqual([record]);
});

test.each([
  [1, 0],
  [0, 1],
  [1, 1],
])('a job that has made %i attempts and was put off %i times waits as long as it must', (attempt, putOffs) => {
  const { clock, expired, expiries, record } = make();
  record.attempt = attempt;
  rareOf(record).putOffs = putOffs;
  expiries.waits(record);
  clock.advance(60_000);
  expect(expired).toEqual([]);
});

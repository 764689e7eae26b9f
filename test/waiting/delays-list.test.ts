import { expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/record.js';
import { Delays } from '../../dist/waiting/delays.js';
import { HandClock } from '../hand-clock.js';

test('the first of many delayed jobs are listed without looking at all of them', () => {
  const delays = new Delays(new HandClock(), () => {});
  let looks = 0;
  // All are due at once, so whoever compares two of them looks at their order.
  const records = Array.from({ length: 10_000 }, (_, order) => {
    const record = {
      get order() {
        looks++;
        return order;
      },
    };
    return record as unknown as JobRecord;
  });
  for (const record of records) delays.add(record, 1_000);
  looks = 0;
  const first: JobRecord[] = [];
  for (const record of delays) if (first.push(record) === 10) break;
  expect(first).toEqual(records.slice(0, 10));
  expect(looks).toBeLessThan(500);
});

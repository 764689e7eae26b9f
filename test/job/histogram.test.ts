import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../dist/job/histogram.js';

/** From a tenth of a microsecond to beyond the longest limit, all sizes alike. */
const duration = fc.double({ min: -4, max: 9.5, noNaN: true }).map((exponent) => 10 ** exponent);

function recorded(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function exact(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1] as number;
}

/** To one part in 100, or a microsecond. */
function expectNear(value: number, right: number): void {
  expect(Math.abs(value - right), `${value} for ${right}`).toBeLessThanOrEqual(Math.max(right / 100, 0.001));
}

test('percentiles are right to one part in 100, whatever the values', () => {
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 300, size: 'max' }), (values) => {
      const found = recorded(values).durations();
      expectNear(found.p50, exact(values, 0.5));
      expectNear(found.p95, exact(values, 0.95));
      expectNear(found.p99, exact(values, 0.99));
      expect(found.max).toBe(Math.max(...values));
      expect(found.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 6);
    }),
  );
});

test('two added are as if all had been recorded in one', () => {
  fc.assert(
    fc.property(fc.array(duration), fc.array(duration), (one, two) => {
      const sum = recorded(one);
      sum.add(recorded(two));
      const [{ mean: added, ...rest }, { mean: all, ...wanted }] = [sum.durations(), recorded([...one, ...two]).durations()];
      expect(rest).toEqual(wanted);
      expect(added).toBeCloseTo(all, 6);
      expect(sum.count).toBe(one.length + two.length);
    }),
  );
});

test('before the first all are 0, and 0 itself counts', () => {
  const zero = { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 };
  expect(new Histogram().durations()).toEqual(zero);
  expect(recorded([0]).durations()).toEqual(zero);
});

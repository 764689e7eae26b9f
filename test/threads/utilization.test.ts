import { expect, test } from 'vitest';
import { Utilization } from '../../dist/threads/utilization.js';

function started(threads: number, start = 12_345.6) {
  let now = start;
  const utilization = new Utilization(() => now, threads);
  return {
    utilization,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('it is the share of thread time at work since the start, in the first minute', () => {
  const { utilization, pass } = started(2);
  expect(utilization.share).toBe(0);
  utilization.busy = 1;
  pass(1_000);
  expect(utilization.share).toBeCloseTo(0.5, 6);
  utilization.busy = 2;
  pass(1_000);
  expect(utilization.share).toBeCloseTo(0.75, 6);
  utilization.busy = 0;
  pass(2_000);
  expect(utilization.share).toBeCloseTo(3 / 8, 6);
});

test('then it is of the last minute only', () => {
  const { utilization, pass } = started(1);
  utilization.busy = 1;
  pass(300_000);
  expect(utilization.share).toBeCloseTo(1, 6);
  utilization.busy = 0;
  pass(30_000);
  expect(utilization.share).toBeCloseTo(0.5, 2);
  pass(29_999);
  expect(utilization.share).toBeCloseTo(0, 2);
  // Within a second it is taken to be even.
  pass(1_001);
  expect(utilization.share).toBe(0);
});

test('a long job counts while it runs, though nothing has changed for hours', () => {
  const { utilization, pass } = started(4);
  utilization.busy = 3;
  pass(5 * 3_600_000);
  expect(utilization.share).toBeCloseTo(0.75, 6);
  pass(7_250);
  expect(utilization.share).toBeCloseTo(0.75, 6);
});

test('short jobs add up, within a second and over its end', () => {
  const { utilization, pass } = started(1, 0);
  for (let n = 0; n < 100_000; n++) {
    utilization.busy = 1;
    pass(0.25);
    utilization.busy = 0;
    pass(0.75);
  }
  expect(utilization.share).toBeCloseTo(0.25, 3);
});

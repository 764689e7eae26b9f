import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ResultBytes } from '../../dist/ended/result-bytes.js';
import type { JobRecord } from '../../dist/job/record.js';

test('where many jobs are kept, looking at their results takes a small share of the time', async () => {
  const sweeps: { begun: number; over: number }[] = [];
  // Who goes through them takes 2 ms, and finds none.
  const kept = {
    [Symbol.iterator]: (): Iterator<JobRecord> => {
      const begun = performance.now();
      while (performance.now() < begun + 2);
      sweeps.push({ begun, over: performance.now() });
      return [][Symbol.iterator]();
    },
  };
  const results = new ResultBytes(1_000, kept);
  // A job completes in each turn of the event loop.
  while (sweeps.length < 4) {
    results.add({} as JobRecord);
    await turn();
  }
  for (const [index, { begun, over }] of sweeps.slice(0, -1).entries()) {
    expect((sweeps[index + 1] as { begun: number }).begun - over).toBeGreaterThan(10 * (over - begun));
  }
});

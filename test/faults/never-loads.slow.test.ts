import { ModuleError } from 'threadmill';
import { expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { culprit, innocent } from '../fixtures/culprit.job.js';
import { caught, makeQueue, moduleOf, variant } from '../helpers.js';
import { settled } from './bench.js';

// The limit for loading a module is 30 s.
test('a module that never loads: its jobs fail at the limit, and its threads come back', { timeout: 120_000 }, async () => {
  const queue = makeQueue({ threads: 3, spareThreads: 1 });
  await queue.ready();
  const loop = caught(queue.run(variant(culprit, { module: moduleOf('for (;;);') }), 1));
  const never = caught(queue.run(variant(innocent, { module: moduleOf('await new Promise(() => {})') }), 1));
  for (const error of await Promise.all([loop, never])) {
    expect(error).toBeInstanceOf(ModuleError);
    expect(error.message).toMatch(/did not finish loading within 30000 ms/);
  }
  await settled(queue, 4);
  expect(await queue.run(echo, 'works')).toBe('works');
});

import { expect, test } from 'vitest';
import { ThreadPool } from '../../dist/threads/pool.js';

test('a replacement that was about to be started when the queue was closed is none any more', () => {
  const pool = new ThreadPool({}, { wanted: 0 } as never);
  pool.replace();
  expect([pool.size, pool.pendingReplacements, pool.isComplete]).toEqual([1, 1, false]);
  pool.stop();
  expect([pool.size, pool.pendingReplacements, pool.isComplete]).toEqual([0, 0, true]);
});

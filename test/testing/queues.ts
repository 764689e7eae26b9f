import { afterEach } from 'vitest';
import { createTestQueue, type TestQueue, type TestQueueOptions } from '../../dist/testing/index.js';
import '../helpers.js';

const open = new Set<TestQueue>();

afterEach(async () => {
  await Promise.all([...open].map((queue) => queue.close({ drain: 'none' })));
  open.clear();
});

/** A test queue with one thread, closed after the test. */
export function makeTestQueue(options: TestQueueOptions): TestQueue {
  const queue = createTestQueue({ threads: 1, spareThreads: 0, ...options });
  open.add(queue);
  return queue;
}

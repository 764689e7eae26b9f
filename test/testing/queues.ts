import { createTestQueue, type TestQueue, type TestQueueOptions } from '../../dist/testing/index.js';
import { closeAfterwards } from '../helpers.js';

/** A test queue with one thread, closed after the test. */
export function makeTestQueue(options: TestQueueOptions): TestQueue {
  return closeAfterwards(createTestQueue({ threads: 1, spareThreads: 0, ...options }));
}

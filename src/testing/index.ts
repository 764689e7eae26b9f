export { assertAdded, assertNotAdded, type MatcherState, matchers } from './added.js';
export { createTestClock, type TestClock } from './clock.js';
export type { Fault } from './faults.js';
export type { OutcomeCounts } from './history.js';
export type { TestMode, TestQueueOptions } from './options.js';
export { type JobRun, type RunJobOptions, runJob } from './run-job.js';
export { createTestQueue, type DrainOptions, type TestQueue } from './test-queue.js';

import type { WorkerOptions } from 'bullmq';
import type { Connection } from './connection.js';
import { RetryIn } from './endings.js';
import type { CheckedBullMQOptions } from './options.js';
import { nextTime } from './schedules.js';

/** BullMQ heeds `queue.rateLimit`, by which a `RateLimitedError` holds the queue back, only where a worker has a limit. */
const NO_LIMIT = { max: Number.MAX_SAFE_INTEGER - 1, duration: 1_000 };

/** How BullMQ's worker is told to do what ours wants. */
export function workerOptions(options: CheckedBullMQOptions, connection: Connection): WorkerOptions {
  const { lockDuration, stalledInterval, threads, prefetch, limits, keepCompleted, deadLetters } = options;
  const { max, ttl } = keepCompleted;
  return {
    ...connection.ofParts,
    // When locks can be renewed.
    autorun: false,
    concurrency: threads + prefetch,
    lockDuration,
    stalledInterval,
    // Counted by us, see Taking: BullMQ would charge all that a process had taken.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    // Done by a thread of its own.
    skipLockRenewal: true,
    removeOnComplete: { count: max, ...(ttl !== undefined && { age: Math.ceil(ttl / 1_000) }) },
    ...(deadLetters.max !== undefined && { removeOnFail: { count: deadLetters.max } }),
    limiter: limits.rateLimit ?? NO_LIMIT,
    settings: {
      repeatStrategy: nextTime as never,
      // Decided by our own rules, and carried by the error.
      backoffStrategy: (_made, _type, error) => (error instanceof RetryIn ? error.delay : 0),
    },
  };
}

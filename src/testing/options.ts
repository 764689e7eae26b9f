import { z } from 'zod';
import type { QueueOptions } from '../index.js';
import * as internals from '../internals.js';

/**
 * How a test queue runs its jobs.
 * `'manual'`: in this thread, when `runNext` or `drain` says so. `'inline'`: in this thread, by itself, as soon as they
 * may run. `'threads'`: the real thing.
 */
export type TestMode = 'manual' | 'inline' | 'threads';

/** Options of {@link createTestQueue}. Those of `JobQueue` have its defaults, but for `logger` (`false`) and, without real threads, `threads` (1). */
export interface TestQueueOptions extends QueueOptions {
  mode: TestMode;
  /** Where the random jitter of backoffs begins: the same seed, the same jitter. Default 1. Not with real threads. */
  seed?: number;
  /** What the clock shows at first: a Date, milliseconds since 1970, or a text that Date reads. Default `2025-01-01T00:00:00Z`. Not with real threads. */
  startTime?: Date | number | string;
}

const schema = z
  .object({
    mode: z.enum(['manual', 'inline', 'threads']),
    seed: z.int().optional(),
    startTime: z
      .union([z.date(), z.number(), z.string()])
      .transform((time) => new Date(time).getTime())
      .refine(Number.isFinite, 'expected a time')
      .optional(),
  })
  .refine(({ mode, seed }) => mode !== 'threads' || seed === undefined, { path: ['seed'], error: 'expected none with mode "threads"' })
  .refine(({ mode, startTime }) => mode !== 'threads' || startTime === undefined, {
    path: ['startTime'],
    error: 'expected none with mode "threads"',
  });

/** The options of the test queue, and those of the queue. Throws `OptionsError`. */
export function checkTestOptions(options: TestQueueOptions) {
  const { mode, seed = 1, startTime = Date.UTC(2025, 0, 1) } = internals.checkOptions(schema, options, 'createTestQueue');
  const { mode: _mode, seed: _seed, startTime: _startTime, ...rest } = options;
  const queueOptions: QueueOptions = { logger: false, ...(mode !== 'threads' && { threads: 1 }), ...rest };
  return { mode, seed, startTime, queueOptions };
}

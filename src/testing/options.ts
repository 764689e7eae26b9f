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

const { checked, oneOf, openObject, optional, such } = internals.checks;

const isTime = (value: unknown) =>
  (typeof value === 'string' || typeof value === 'number' || value instanceof Date) && Number.isFinite(new Date(value).getTime());

const testOptions = (seed: internals.checks.Check<number>, startTime: internals.checks.Check<Date | number | string>) =>
  openObject({
    mode: oneOf<TestMode>('manual', 'inline', 'threads'),
    seed: optional(seed, 1),
    startTime: optional(startTime, Date.UTC(2025, 0, 1)),
  });
const ofVirtual = testOptions(such(Number.isSafeInteger, 'expected an integer'), such(isTime, 'expected a time'));
const none = such<never>(() => false, 'expected none with mode "threads"');
const ofReal = testOptions(none, none);

type TakenOptions = QueueOptions & Required<Pick<TestQueueOptions, 'mode' | 'seed' | 'startTime'>>;

/** The options of the test queue, and those of the queue. Throws `OptionsError`. */
export function checkTestOptions(options: TestQueueOptions) {
  const taken = checked<TakenOptions>(options?.mode === 'threads' ? ofReal : ofVirtual, options, 'createTestQueue');
  const { mode, seed, startTime, ...rest } = taken;
  const queueOptions: QueueOptions = { logger: false, ...(mode !== 'threads' && { threads: 1 }), ...rest };
  return { mode, seed, startTime: new Date(startTime).getTime(), queueOptions };
}

import { z } from 'zod';
import { checkGiven } from './checks/check-options.js';
import { OptionsError } from './errors/errors.js';
import { isDefinition, type JobDefinition } from './job/definition.js';
import type { QueueLogger } from './observe/log.js';
import type { Source } from './threads/batch.js';
import { usableCpus } from './threads/cpus.js';
import type { ThreadOptions } from './threads/pool.js';
import type { Recycle } from './threads/recycling.js';
import type { Reports, Runner } from './threads/runner.js';
import type { DispatcherOptions } from './threads/thread-events.js';
import type { Clock } from './time/clock.js';

/** Options of a `JobQueue`; all have defaults. */
export interface QueueOptions {
  /** Appears in logs and metrics. Default `'default'`. */
  name?: string;
  /** Definitions to load in every thread at start. Others are loaded when their first job runs. Default none. */
  jobs?: readonly JobDefinition[];
  /** Jobs running at once. Default the CPUs that this process may use; a container's CPU quota counts. */
  threads?: number;
  /** Threads that are kept without work; the others start when work waits. Default `threads`. */
  minThreads?: number;
  /** Milliseconds without work after which a thread ends that is more than `minThreads`. Default 30 000. */
  idleTimeout?: number;
  /**
   * A thread that has run so many jobs, has so many MiB of its heap in use after a job, or is so many milliseconds old ends in
   * peace, and another takes over. `jobs: 1`: each job gets a thread that nothing has run on before. Default none.
   */
  recycle?: Recycle;
  /**
   * Booted threads in reserve, with the modules loaded that were used so far, so that a killed one is replaced at once; none while
   * fewer than `minThreads` are needed. Default 1.
   */
  spareThreads?: number;
  /** Most jobs in one message to a thread; 1 turns batching off. Default 64. */
  maxBatch?: number;
  /** Most jobs waiting or delayed, those not counted that free threads take at once; beyond it `whenFull` decides. 0 is allowed. Default 10 000. */
  maxWaiting?: number;
  /** `'wait'`: `add` waits for room, in order of arrival. `'reject'`: it rejects with `QueueFullError`. Default `'wait'`. */
  whenFull?: 'wait' | 'reject';
  /** Largest input, as estimated; SharedArrayBuffers are not counted. Default 16 MiB. */
  maxInputBytes?: number;
  /** Most bytes that the inputs and metadata of jobs may take that wait, by the same estimate; beyond it as `maxWaiting`. Default no limit. */
  maxWaitingBytes?: number;
  /** At most `max` dead letters are kept, an alert goes out when there are `alertAt`, which is at most `max`. Default `{ max: 1000, alertAt: 100 }`. */
  deadLetters?: { max?: number; alertAt?: number };
  /** How long (ms after completion), and how many, finished idempotency keys are remembered, and how much their results may take. Default one hour, 10 000, 16 MiB. A result that does not fit is dropped, its key stays. */
  idempotency?: { ttl?: number; max?: number; bytes?: number };
  /**
   * Last completed jobs kept for reading, and as many cancelled and failed ones that are no dead letters: at most `max` of each, for `ttl`
   * milliseconds, with results of at most `bytes`. A result that does not fit is dropped, the oldest first, and the job stays: asking for it
   * is a `NotFoundError` then. A number is `max`. Default `{ max: 100, bytes: 16 MiB }`.
   */
  keepCompleted?: number | { max?: number; bytes?: number; ttl?: number };
  /** Any logger with pino's methods; `false` for none. Default pino at level `info`, to stderr. */
  logger?: QueueLogger | false;
  /** Keys of `metadata` that every log line of a job carries, such as `['requestId']`. Default none. */
  logMetadata?: readonly string[];
  /** Passed to the threads. Default none. */
  worker?: ThreadOptions;
  /** Whether to look where a timed-out job is stuck before its thread is terminated: `TimeoutError.postMortem`. Takes 100 ms at most. Default `true`. */
  postMortem?: boolean;
}

/** What results that are kept may take, by default. */
const RESULT_BYTES = 16 * 1024 * 1024;
/** How many dead letters are kept, by default. */
const DEAD_LETTERS = 1_000;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
const isLogger = (value: unknown) =>
  value === false || LEVELS.every((level) => typeof (value as QueueLogger | undefined)?.[level] === 'function');

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const count = () => z.int().min(0);

/** What each option has to be. Made of those that are given: all of them take a third of the time in which a queue is made. */
const OPTIONS = {
  name: () => z.string().min(1),
  jobs: () => z.array(z.custom<JobDefinition>(isDefinition, 'expected a definition from defineJob')),
  threads: () => z.int().min(1),
  minThreads: count,
  idleTimeout: () => z.number().min(0),
  recycle: () => z.strictObject({ jobs: z.int().min(1), heapMb: z.number().min(1), afterMs: z.number().min(1) }).partial(),
  spareThreads: count,
  maxBatch: () => z.int().min(1),
  maxWaiting: () => z.union([count(), z.literal(Number.POSITIVE_INFINITY)], 'expected an integer from 0, or Infinity'),
  whenFull: () => z.enum(['wait', 'reject']),
  maxInputBytes: () => z.number().min(1),
  maxWaitingBytes: () => z.number().min(1),
  deadLetters: () =>
    z
      .strictObject({ max: count().default(DEAD_LETTERS), alertAt: z.int().min(1).optional() })
      .superRefine(({ max, alertAt = 0 }, context) => {
        if (alertAt <= max) return;
        context.addIssue({ code: 'custom', path: ['alertAt'], message: `expected at most max (${max}), for there are never more` });
      }),
  idempotency: () => z.strictObject({ ttl: z.number().min(0), max: count(), bytes: z.number().min(0) }).partial(),
  keepCompleted: () =>
    z.union([
      count().transform((max) => ({ max })),
      z.strictObject({ max: count(), bytes: z.number().min(0), ttl: z.number().min(1) }).partial(),
    ]),
  logger: () => z.custom<QueueLogger | false>(isLogger, 'expected a logger with trace, debug, info, warn and error, or false'),
  logMetadata: () => z.array(z.string()),
  worker: () =>
    z
      .strictObject({
        resourceLimits: z.record(z.string(), z.number()),
        env: z.union([z.record(z.string(), z.string().optional()), z.symbol()]),
        execArgv: z.array(z.string()),
        argv: z.array(z.any()),
        data: z.any().refine(isCloneable, 'expected what can be cloned'),
        name: z.string().min(1),
        niceIncrement: count(),
        console: z.enum(['log', 'inherit', 'ignore']),
      })
      .partial()
      .transform((worker) => worker as ThreadOptions),
  postMortem: () => z.boolean(),
};

export type CheckedQueueOptions = ReturnType<typeof checkQueueOptions>;

/** Checks them and fills in the defaults. Throws {@link OptionsError}. */
export function checkQueueOptions(options: QueueOptions, where = 'new JobQueue') {
  const given = checkGiven(OPTIONS, options, where);
  const { threads = usableCpus(), minThreads = threads } = given;
  if (minThreads > threads) {
    throw new OptionsError(`${where}: option "minThreads": expected at most threads (${threads}), given ${minThreads}`);
  }
  return {
    name: 'default',
    jobs: [],
    idleTimeout: 30_000,
    recycle: undefined,
    spareThreads: 1,
    maxBatch: 64,
    maxWaiting: 10_000,
    whenFull: 'wait' as const,
    maxInputBytes: 16 * 1024 * 1024,
    maxWaitingBytes: undefined,
    logger: undefined,
    logMetadata: [],
    worker: {},
    postMortem: true,
    ...given,
    threads,
    minThreads,
    deadLetters: deadLetters(given.deadLetters),
    idempotency: idempotency(given.idempotency),
    keepCompleted: keepCompleted(given.keepCompleted),
  };
}

const deadLetters = ({ max = DEAD_LETTERS, alertAt = Math.min(100, max) } = {}) => ({ max, alertAt });
const idempotency = ({ ttl = 3_600_000, max = 10_000, bytes = RESULT_BYTES } = {}) => ({ ttl, max, bytes });
const keepCompleted = ({ max = 100, bytes = RESULT_BYTES, ttl }: { max?: number; bytes?: number; ttl?: number } = {}) => ({
  max,
  bytes,
  ttl,
});

/** What a test queue replaces. */
export interface Seams {
  /** Default the real time. */
  clock?: Clock;
  /** Gives numbers from 0 to 1 for the jitter of a backoff. Default `Math.random`. */
  random?: () => number;
  /** Makes what runs the jobs. Default worker threads. */
  runner?: (source: Source, reports: Reports, clock: Clock, options: DispatcherOptions) => Runner;
}

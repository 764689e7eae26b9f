import {
  anything,
  boolean,
  type Check,
  checked,
  count,
  listOf,
  number,
  object,
  oneOf,
  optional,
  orEmpty,
  orInfinity,
  orMax,
  recordOf,
  string,
  such,
  text,
  whole,
} from './checks/checks.js';
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

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
const isLogger = (value: any) => value === false || LEVELS.every((level) => typeof value?.[level] === 'function');

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

const worker = object({
  resourceLimits: optional(recordOf(number())),
  env: optional((value, refuse) => (typeof value === 'symbol' ? value : recordOf(optional(string))(value, refuse))),
  execArgv: optional(listOf(string)),
  argv: optional(listOf(anything)),
  data: optional(such(isCloneable, 'expected what can be cloned')),
  name: optional(text),
  niceIncrement: optional(whole),
  console: optional(oneOf('log', 'inherit', 'ignore')),
});

const checkDeadLetters = object({ max: optional(whole, 1_000), alertAt: optional(count) });
const deadLetters: Check = (value, refuse) => {
  const { max, alertAt = Math.min(100, max) } = checkDeadLetters(value, refuse) ?? {};
  if (alertAt > max) refuse(`expected at most max (${max}), for there are never more`, ['alertAt'], alertAt);
  return { max, alertAt };
};

const idempotency = object({
  ttl: optional(number(0), 3_600_000),
  max: optional(whole, 10_000),
  bytes: optional(number(0), RESULT_BYTES),
});

const keepCompleted = object({ max: optional(whole, 100), bytes: optional(number(0), RESULT_BYTES), ttl: optional(number(1)) });

const queueOptions = object({
  name: optional(text, 'default'),
  jobs: optional(listOf(such(isDefinition, 'expected a definition from defineJob')), []),
  threads: optional(count),
  minThreads: optional(whole),
  idleTimeout: optional(number(0), 30_000),
  recycle: optional(object({ jobs: optional(count), heapMb: optional(number(1)), afterMs: optional(number(1)) })),
  spareThreads: optional(whole, 1),
  maxBatch: optional(count, 64),
  maxWaiting: optional(orInfinity(whole), 10_000),
  whenFull: optional(oneOf('wait', 'reject'), 'wait'),
  maxInputBytes: optional(number(1), 16 * 1024 * 1024),
  maxWaitingBytes: optional(number(1)),
  deadLetters: orEmpty(deadLetters),
  idempotency: orEmpty(idempotency),
  keepCompleted: orEmpty(orMax(keepCompleted)),
  logger: optional(such(isLogger, 'expected a logger with trace, debug, info, warn and error, or false')),
  logMetadata: optional(listOf(string), []),
  worker: orEmpty(worker),
  postMortem: optional(boolean, true),
});

type Limits = 'deadLetters' | 'idempotency' | 'keepCompleted';
type Unlimited = 'recycle' | 'maxWaitingBytes' | 'logger';

export interface CheckedQueueOptions extends Required<Omit<QueueOptions, Limits | Unlimited>>, Pick<QueueOptions, Unlimited> {
  deadLetters: { max: number; alertAt: number };
  idempotency: { ttl: number; max: number; bytes: number };
  keepCompleted: { max: number; bytes: number; ttl?: number };
}

/** Checks them and fills in the defaults. Throws `OptionsError`. */
export function checkQueueOptions(options: QueueOptions, where = 'new JobQueue'): CheckedQueueOptions {
  const given = checked(queueOptions, options, where);
  const { threads = usableCpus(), minThreads = threads } = given;
  checked(object({ minThreads: such(() => minThreads <= threads, `expected at most threads (${threads})`) }), { minThreads }, where);
  return { ...given, threads, minThreads };
}

/** What a test queue replaces. */
export interface Seams {
  /** Default the real time. */
  clock?: Clock;
  /** Gives numbers from 0 to 1 for the jitter of a backoff. Default `Math.random`. */
  random?: () => number;
  /** Makes what runs the jobs. Default worker threads. */
  runner?: (source: Source, reports: Reports, clock: Clock, options: DispatcherOptions) => Runner;
}

import type { HotFunctions } from './hot-functions.js';
import type { Percentiles } from './latencies.js';
import { digits } from './numbers.js';

/** One measurement. Times in milliseconds. */
export interface Row {
  threads: number;
  /** Open loop: jobs arriving a second. */
  rate?: number;
  /** Closed loop: jobs in flight. */
  concurrency?: number;
  /** From the first start to the last end. */
  seconds: number;
  completed: number;
  failed: number;
  /** Failures by error code, or name where there is none. */
  failures: Record<string, number>;
  /** Open loop: arrived and not done when it was given up; their age is in `total`. */
  unfinished: number;
  /** Threads terminated, or dead. */
  kills: number;
  /** Completed jobs a second. */
  jobsPerSecond: number;
  /** From the intended start (open loop) or `add` (closed loop) to the start of the handler. */
  wait: Percentiles;
  /** Of the handler. */
  run: Percentiles;
  /** From the intended start or `add` to the result. */
  total: Percentiles;
  /** CPU time of the whole process over the time: cores in use. */
  cpu: number;
  eventLoop: {
    /** How late the timers of the main thread are. */
    delay: Percentiles;
    /** Share of the time in which the main thread was busy, 0 to 1. */
    utilization: number;
  };
  /** Time of the main thread for each job, in milliseconds: validating, sending, receiving. */
  overhead: number;
  /** Over one thread, and over the handler on the main thread; closed loop, where those were measured. */
  speedUp?: { overOneThread?: number; overMain?: number };
  /** Where the time of the threads went; with `--profile`. */
  profile?: HotFunctions;
  /** Ended early by Ctrl-C. */
  interrupted: boolean;
}

/** What tells one measurement from another. */
export function rowName({ threads, rate }: Pick<Row, 'threads' | 'rate'>): string {
  const name = threads === 1 ? '1 thread' : `${threads} threads`;
  return rate === undefined ? name : `${name}, ${digits(rate)}/s`;
}

/** What the main thread and a job thread say to each other: types and constants only. */

import type { MessagePort } from 'node:worker_threads';

/** Int32 cells of the memory a thread shares with the queue. */
export const CELL = {
  /**
   * How many jobs of the batch have been started. The thread adds 1 to start the next; the queue adds
   * {@link WITHDRAWN} to take back those not started yet. One atomic number, so that both cannot win.
   */
  CLAIMED: 0,
  /** One of {@link PHASE}. */
  PHASE: 1,
  /** 1 + position in the batch of the job that was told to stop; 0 for none. */
  STOP: 2,
} as const;

/** Int32 cells, before the 64-bit cell that follows. */
export const CELLS = 4;

/** Added to {@link CELL.CLAIMED}: no job of the batch starts any more. */
export const WITHDRAWN = 1 << 30;

/** What a thread is doing since the time in its 64-bit cell. */
export const PHASE = { IDLE: 0, RUNNING: 1, LOADING: 2, SENDING: 3 } as const;

/** Bytes of the shared memory: the Int32 cells, then one Float64, milliseconds on the clock of all threads. */
export const SHARED_BYTES = CELLS * 4 + 8;

/** A definition, as a thread needs to know it. */
export interface KindMessage {
  index: number;
  name: string;
  module: string;
}

/** What a thread is opened with, as the task of its one Piscina run. */
export interface OpenMessage {
  port: MessagePort;
  shared: SharedArrayBuffer;
  /** What the id of a job with a number begins with. */
  idPrefix: string;
  /** Loaded before the thread says that it is open. */
  preload: KindMessage[];
}

/** Where the values of one job stand in a batch, which is one flat array: an object for every job would cost more to send. */
export const JOB_FIELD = { KIND: 0, KEY: 1, ATTEMPT: 2, ATTEMPTS: 3, INPUT: 4, METADATA: 5, RESUME: 6 } as const;
export const JOB_FIELDS = 7;

/** To a thread. */
export type ToThread =
  | { type: 'run'; kinds: KindMessage[] | undefined; jobs: unknown[] }
  | { type: 'stop'; position: number; reason: Encoded };

export const RESULT = { COMPLETED: 0, FAILED: 1, CRASHED: 2 } as const;

/**
 * Where the values of one result stand in the flat array of results. `VALUE` is the output, or an {@link Encoded} error;
 * `STARTED_AT` is on the clock of all threads; both times in milliseconds.
 */
export const RESULT_FIELD = { POSITION: 0, RESULT: 1, VALUE: 2, STARTED_AT: 3, DURATION: 4 } as const;
export const RESULT_FIELDS = 5;

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** From a thread. */
export type FromThread =
  | { type: 'open'; failures: Encoded[] }
  /** `last`: the batch is over and the thread is idle. */
  | { type: 'results'; results: unknown[]; last: boolean }
  | { type: 'progress' | 'checkpoint'; position: number; value: unknown }
  | { type: 'log'; position: number; level: LogLevel; args: unknown[] }
  /** An error nobody caught, left by a job that had ended. */
  | { type: 'late-error'; jobId: string | undefined; jobName: string | undefined; error: Encoded }
  /** `process.exit` was called, by this job as far as that can be told. */
  | { type: 'exit'; jobId: string | undefined; jobName: string | undefined };

/** An error on its way between threads. */
export interface EncodedError {
  /** Constructor to build it with; see `error-codec.ts`. */
  type: string;
  name: string;
  message: string;
  stack: string | undefined;
  /** Own properties, those that can be cloned. */
  props: Record<string, unknown> | undefined;
  cause: Encoded | undefined;
  errors: Encoded[] | undefined;
}

/** An error, or anything else that was thrown. */
export type Encoded = { error: EncodedError } | { value: unknown };

/** Set on `globalThis` of a job thread, so that a queue made inside one can say what is wrong. */
export const THREAD_MARK = Symbol.for('threadmill.thread');

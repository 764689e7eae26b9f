/** What the main thread and a job thread say to each other: types and constants only. */

import type { MessagePort } from 'node:worker_threads';
import type { Carrier } from '../../job/carrier.js';
import type { Rows } from './columns.js';
import type { Listened, LogLevel } from './log-levels.js';

/** A definition, as a thread needs to know it. */
export interface KindMessage {
  index: number;
  name: string;
  module: string;
  /** Executions allowed in total, where a job says nothing else. */
  maxAttempts: number;
}

/** What a thread is opened with, as the task of its one Piscina run. */
export interface OpenMessage {
  port: MessagePort;
  /** What handlers say waits here until the queue reads it. */
  messages: MessagePort;
  shared: SharedArrayBuffer;
  /** What the id of a job with a number begins with. */
  idPrefix: string;
  /** For `setup`. */
  data: unknown;
  /** As tools show the thread. */
  name: string | undefined;
  /** What becomes of what is printed there. */
  printing: 'log' | 'inherit' | 'ignore';
  /** Log levels that somebody listens to. */
  listened: Listened;
  /** Whether the thread writes in shared memory how much of its heap is in use after each batch. */
  measuresHeap: boolean;
  /** Loaded before the thread says that it is open. */
  preload: KindMessage[];
}

/** Where a job stands among those sent to a thread since it was last at rest; from 0. */
export type Position = number;

/**
 * Jobs, a column for each of their facts. Columns are grown by `push`: an array made by `new Array(n)` counts as one with
 * holes, which V8 writes key by key. (64 jobs of 7 values: 20 µs to send and 35 to read in one array with holes, 9 and
 * 15 in one without, 7 and 12 in columns.)
 */
export interface RunMessage {
  type: 'run';
  /** Those that the thread has not been told of. */
  kinds: KindMessage[] | undefined;
  /** Position of the first job. */
  first: Position;
  /** One number where it is the same of all. */
  kind: number | number[];
  /** One number where the others count on from it, as those of jobs that were added one after the other do. */
  keys: number | (number | string)[];
  inputs: Rows;
  /** Executions allowed in total, of jobs for which the definition's do not hold. */
  maxAttempts: number | (number | undefined)[] | undefined;
  /** Of jobs that have more to tell. */
  extras: (Extras | undefined)[] | undefined;
  /** Of jobs that belong to a trace. */
  carriers: (Carrier | undefined)[] | undefined;
}

/** What most jobs do not have: without it, it is the first attempt. */
export interface Extras {
  attempt: number;
  metadata: unknown;
  lastCheckpoint: unknown;
}

/** To a thread. */
export type ToThread = RunMessage | LoadMessage | { type: 'stop'; position: Position; reason: Encoded } | { type: 'end' };

/** Loads a module that jobs may need later; answered by `loaded`. */
export interface LoadMessage {
  type: 'load';
  kind: KindMessage;
}

export const RESULT = { COMPLETED: 0, FAILED: 1, CRASHED: 2 } as const;

/** Results of jobs at consecutive positions. */
export interface ResultsMessage {
  type: 'results';
  first: Position;
  /** Of each its output, or an {@link Encoded} error. */
  values: Rows;
  /** Of each one of {@link RESULT}; `undefined` when all have completed. */
  results: number[] | undefined;
  /** The jobs of one {@link RunMessage} are over. */
  last: boolean;
}

/** What a handler says. The queue reads it when it wants to, and not when it comes. */
export type HandlerMessage =
  | { type: 'progress' | 'checkpoint'; position: Position; value: unknown }
  | { type: 'log'; position: Position; level: LogLevel; args: unknown[] };

/** What was printed where no job runs; by what a job has left behind, or by a module, which has no id. It goes the same way. */
export interface Printed {
  type: 'print';
  jobId: string | undefined;
  jobName: string | undefined;
  level: LogLevel;
  text: string;
}

export type Said = HandlerMessage | Printed;

/** From a thread. How many there are is bounded by how many jobs it was sent, and by what the queue has read. */
export type FromThread =
  /** Begins to load a kind that it loads before it opens. */
  | { type: 'loading'; kind: number }
  | { type: 'open'; failures: { kind: number; error: Encoded }[]; kernelThreadId: number | undefined }
  /** A module was loaded, or has failed to: the thread's first, or one that it was sent to load. */
  | { type: 'loaded' }
  | ResultsMessage
  /** Handlers have said something; once until the queue begins to read. */
  | { type: 'news' }
  /** Where the newest value of a kind lies from now on, see `mailbox.ts`; `undefined` when there is none. */
  | { type: 'mailbox'; of: 'progress' | 'checkpoint'; memory: SharedArrayBuffer | undefined }
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

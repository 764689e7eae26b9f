import type { Job } from 'bullmq';
import { type Attempt, type Codec, CrashError } from '../index.js';
import * as internals from '../internals.js';
import { packV8, type Stored, unpackV8, unstore } from './json.js';

/** What a job of ours has as BullMQ's `data`. */
export interface JobData {
  /** As the schema returned it; where the definition has a codec, as that made it. */
  input: unknown;
  metadata?: unknown;
  /** As `add` was told. */
  timeout?: number;
  maxWait?: number;
  backoff?: object;
  /** Whether it is no dead letter when it fails for good. */
  noDeadLetter?: true;
  /** How long its idempotency key stands for it after it completed. */
  keyTtl?: number;
  /** A run of a schedule, which is left out while one before it runs. */
  alone?: true;
}

/** What a completed job has as BullMQ's `returnvalue`. */
export interface JobReturn {
  output: Stored;
  /** When its last attempt was started, for how many milliseconds it ran, and on which thread. */
  ran: [startedAt: number, duration: number, threadId: number];
}

/** An attempt that did not complete its job, as it stands in a field of the job's hash. */
export interface StoredAttempt extends Omit<Attempt, 'error'> {
  readonly error: string;
}

/** How a job ended of which BullMQ keeps nothing: one that was cancelled, or failed and is no dead letter. */
export interface Tombstone {
  state: 'failed' | 'cancelled';
  name: string;
  data: JobData;
  attempts: StoredAttempt[];
  error: string;
  addedAt: number;
  finishedAt: number;
  priority: number;
}

/** What stands of a job that ends now. */
export function tombstoneOf(job: Job, state: Tombstone['state'], attempts: StoredAttempt[], error: unknown): Tombstone {
  const { name, data, timestamp: addedAt } = job;
  const finishedAt = internals.timers.dateNow();
  return { state, name, data, attempts, error: packError(error), addedAt, finishedAt, priority: priorityOf(job.priority) };
}

/** Whatever was thrown, as text: with its class, code, stack, causes and own properties. */
export function packError(error: unknown): string {
  return packV8(internals.encodeThrown(error));
}

export function unpackError(text: string): unknown {
  return internals.decodeThrown(unpackV8(text));
}

export function attemptOf({ error, ...rest }: StoredAttempt): Attempt {
  return { ...rest, error: unpackError(error) };
}

/** The input again. Where the definition is not known here, and has a codec, it is given as it stands. */
export function inputOf(data: JobData | undefined, codec: Codec | undefined): unknown {
  return codec === undefined ? data?.input : codec.deserialize(data?.input);
}

export function outputOf(value: JobReturn | undefined, codec: Codec | undefined): unknown {
  return unstore(value?.output, codec);
}

/** The attempt that completed a job. */
export function completedAttempt(number: number, { ran: [startedAt, duration, threadId] }: JobReturn): Attempt {
  return { number, outcome: 'completed', startedAt, duration, threadId };
}

/** The process of a job died under it, more often than it may. */
export function stalledError(name: string, jobId: string, times: number): CrashError {
  return new CrashError(`${name} was found ${times} times without the process that ran it: it may be what ends them`, 'exit', -1, {
    jobId,
    jobName: name,
  });
}

/** BullMQ runs low numbers first, up to 2^21 - 1: ours, turned round. */
const MIDDLE = 2 ** 20;

export function priorityOf(stored: number | undefined): number {
  return stored ? MIDDLE - stored : 0;
}

/** `undefined` when BullMQ has no such priority. */
export function storedPriority(priority: number): number | undefined {
  return Number.isInteger(priority) && Math.abs(priority) < MIDDLE ? MIDDLE - priority : undefined;
}

/** The codec of a job's definition, where that is known. */
export type CodecOf = (name: string) => Codec | undefined;

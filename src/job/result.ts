import { NotFoundError } from '../errors/errors.js';
import { rareOf } from './rare.js';
import type { JobRecord } from './record.js';

/** The promise of a job's end. Made when first asked for, so that a job nobody awaits rejects nothing. */
export function resultOf(record: JobRecord): Promise<unknown> {
  if (record.promise === undefined) {
    if (record.rare?.droppedBytes) return Promise.reject(dropped(record));
    if (record.state === 'completed') record.promise = Promise.resolve(record.output);
    else if (record.ended || record.error !== undefined) record.promise = Promise.reject(record.error);
    else {
      record.promise = new Promise(keepResolve);
      record.resolve = keptResolve;
      keptResolve = undefined;
    }
  }
  return record.promise;
}

let keptResolve: JobRecord['resolve'];

// One for all promises: a function of its own for each would be garbage for every job.
function keepResolve(resolve: (output: unknown) => void): void {
  keptResolve = resolve;
}

/** Settles the promise of {@link resultOf}, if somebody asked for it, from how the job ended. */
export function announceEnd(record: JobRecord): void {
  const { resolve } = record;
  if (resolve === undefined) return;
  record.resolve = undefined;
  resolve(record.state === 'completed' ? record.output : Promise.reject(record.error));
}

/** Its result is not kept any more, of which it took so many bytes. */
export function dropResult(record: JobRecord, bytes: number): void {
  record.output = undefined;
  record.promise = undefined;
  rareOf(record).droppedBytes = Math.max(bytes, 1);
}

function dropped({ id: jobId, kind, rare }: JobRecord): NotFoundError {
  const { name: jobName } = kind.definition;
  return new NotFoundError(
    `job ${jobId} (${jobName}) has completed, but its result is not kept any more: it takes about ${rare?.droppedBytes} bytes. Ask before it has completed, or raise keepCompleted.bytes, or idempotency.bytes.`,
    { jobId, jobName },
  );
}

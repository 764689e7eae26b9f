import type { JobRecord } from '../job/job.js';

/**
 * Run time that one message may carry, in milliseconds, by the usual run times of its jobs. Enough that a thread does
 * not wait for the main thread between jobs of a millisecond; results leave earlier than that, see `EARLY_RESULTS`.
 */
const BATCH_MS = 4;

/** Where a batch is filled from: the jobs that may run now, best first. */
export interface Source {
  /** How many there are. */
  readonly size: number;
  readonly head: JobRecord | undefined;
  /** Takes the head; `undefined` when it may not run after all. */
  take(): JobRecord | undefined;
}

/**
 * The next batch for one of `threads` threads: as many jobs as usually run in {@link BATCH_MS}, at most `maxBatch`,
 * and never more than the thread's share of what waits. A job of unknown cost, one that must not run twice and one
 * that moves buffers goes alone.
 */
export function nextBatch(source: Source, maxBatch: number, threads: number): JobRecord[] {
  const batch: JobRecord[] = [];
  const most = Math.min(maxBatch, Math.ceil(source.size / threads));
  let cost = 0;
  while (batch.length < most) {
    const { head } = source;
    if (head === undefined) break;
    const alone = goesAlone(head);
    const more = cost + (head.kind.usualRunTime ?? BATCH_MS);
    if (batch.length > 0 && (alone || more > BATCH_MS)) break;
    const record = source.take();
    // Its limit refused it: another job is the head now.
    if (record === undefined) continue;
    batch.push(record);
    if (alone) break;
    cost = more;
  }
  return batch;
}

function goesAlone({ kind, options }: JobRecord): boolean {
  return kind.usualRunTime === undefined || kind.definition.delivery === 'at-most-once' || options?.transfer !== undefined;
}

import type { Work } from './runner.js';

/**
 * Run time that one message may carry, in milliseconds, by the usual run times of its jobs. Enough that a thread does
 * not wait for the main thread between jobs of a millisecond; results leave earlier than that, see `EARLY_RESULTS`.
 */
export const BATCH_MS = 4;

/** A larger `maxBatch` changes nothing but the memory that is set aside for it. */
export const LARGEST_BATCH = 4_096;

/** Where a batch is filled from: the jobs that may run now, best first. */
export interface Source extends Iterable<Work> {
  /** How many there are. */
  readonly size: number;
  readonly head: Work | undefined;
  /** Whether a job that would be before {@link head} waits for a limit of its definition. */
  readonly overtakes: boolean;
  /** Takes the head; `undefined` when it may not run after all. */
  take(): Work | undefined;
  /** Whether a job waits among them, or a limit holds it back. */
  has(work: Work): boolean;
  /** Takes such a one. */
  remove(work: Work): void;
}

/** Jobs of one message. */
export interface Batch {
  readonly works: readonly Work[];
  /** How long they usually run, in milliseconds; infinite when that is not known. */
  readonly cost: number;
}

/**
 * The next batch: as many jobs as usually run in {@link BATCH_MS}, at most `most`. A job of unknown cost, one that must
 * not run twice and one that moves buffers goes alone, and not to a thread that is `busy`.
 */
export function nextBatch(source: Source, most: number, busy: boolean): Batch {
  const works: Work[] = [];
  let cost = 0;
  // What is sent ahead shall not overtake a job that may run by the time the thread is free.
  while (works.length < most && !(busy && source.overtakes)) {
    const { head } = source;
    if (head === undefined) break;
    const alone = goesAlone(head);
    const more = cost + (head.kind.usualRunTime ?? Number.POSITIVE_INFINITY);
    if (alone ? busy || works.length > 0 : works.length > 0 && more > BATCH_MS) break;
    const work = source.take();
    // Its limit refused it: another job is the head now.
    if (work === undefined) continue;
    works.push(work);
    cost = more;
    if (alone) break;
  }
  return { works, cost };
}

function goesAlone({ kind, transfer }: Work): boolean {
  return kind.usualRunTime === undefined || kind.definition.delivery === 'at-most-once' || transfer !== undefined;
}

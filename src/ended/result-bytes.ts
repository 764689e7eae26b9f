import type { JobRecord } from '../job/record.js';
import { dropResult } from '../job/result.js';
import { resultBytes } from '../job/result-bytes.js';
import { now, setTimeout } from '../time/timers.js';

/** A look follows the first result that comes by so many milliseconds: who asked for it has it then, and what comes meanwhile is bounded. */
const LOOK_AFTER = 10;
/** And by so many times as long as the last one took: it takes no more of the main thread, whatever is kept. */
const PAUSE = 20;
/** Of a result that was not measured. */
const UNKNOWN = -1;

/**
 * Holds what the results of kept jobs take at a number of bytes: those of the oldest are dropped first. However many jobs complete, only
 * those are measured that are still kept when it is looked at.
 */
export class ResultBytes {
  readonly #max: number;
  /** The newest first. */
  readonly #kept: Iterable<JobRecord>;
  /** What those take that were measured. */
  #total = 0;
  /** How many have come since the last look. */
  #come = 0;
  #pause = LOOK_AFTER;
  readonly #look = () => this.#lookNow();

  constructor(max: number, kept: Iterable<JobRecord>) {
    this.#max = max;
    this.#kept = kept;
  }

  /** There is another. */
  add(record: JobRecord): void {
    record.bytes = UNKNOWN;
    if (this.#come++ === 0 && this.#max < Number.POSITIVE_INFINITY) setTimeout(this.#look, this.#pause).unref();
  }

  /** It is not kept any more. */
  delete(record: JobRecord): void {
    if (record.bytes !== UNKNOWN) this.#total -= record.bytes;
  }

  #lookNow(): void {
    const since = now();
    this.#measure();
    if (this.#total > this.#max) this.#drop();
    this.#pause = Math.max(LOOK_AFTER, PAUSE * (now() - since));
  }

  #measure(): void {
    let come = this.#come;
    this.#come = 0;
    for (const record of this.#kept) {
      if (come-- === 0) return;
      if (record.bytes !== UNKNOWN) continue;
      // Results of idempotency keys have a budget of their own.
      record.bytes = record.options?.idempotencyKey === undefined ? resultBytes(record) : 0;
      this.#total += record.bytes;
    }
  }

  #drop(): void {
    let total = 0;
    for (const record of this.#kept) {
      const { bytes } = record;
      if (bytes === 0) continue;
      if (total + bytes <= this.#max) {
        total += bytes;
        continue;
      }
      dropResult(record, bytes);
      record.bytes = 0;
    }
    this.#total = total;
  }
}

import type { JobRecord } from '../job/record.js';
import { dropResult } from '../job/result.js';
import { resultBytes } from '../job/result-bytes.js';
import { setImmediate } from '../time/timers.js';

/**
 * Holds what the results of kept jobs take at a number of bytes: those of the oldest are dropped first. Looked at once in a turn of
 * the event loop, when who asked for a result has it: however many jobs complete, only those are measured that are kept.
 */
export class ResultBytes {
  readonly #max: number;
  /** The newest first. */
  readonly #kept: Iterable<JobRecord>;
  #sizes = new WeakMap<JobRecord, number>();
  #scheduled = false;

  constructor(max: number, kept: Iterable<JobRecord>) {
    this.#max = max;
    this.#kept = kept;
  }

  /** There is another. */
  check(): void {
    if (this.#scheduled || this.#max === Number.POSITIVE_INFINITY) return;
    this.#scheduled = true;
    setImmediate(() => this.#sweep());
  }

  #sweep(): void {
    this.#scheduled = false;
    let total = 0;
    for (const record of this.#kept) {
      // Results of idempotency keys have a budget of their own.
      if (record.droppedBytes > 0 || record.options?.idempotencyKey !== undefined) continue;
      const bytes = this.#sizeOf(record);
      if (total + bytes > this.#max) dropResult(record, bytes);
      else total += bytes;
    }
  }

  #sizeOf(record: JobRecord): number {
    const known = this.#sizes.get(record);
    if (known !== undefined) return known;
    const bytes = resultBytes(record);
    this.#sizes.set(record, bytes);
    return bytes;
  }
}

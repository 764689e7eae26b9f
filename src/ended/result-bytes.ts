import type { JobRecord } from '../job/record.js';
import { dropResult } from '../job/result.js';
import { resultBytes } from '../job/result-bytes.js';
import { now, setImmediate, setTimeout } from '../time/timers.js';

/** More jobs than this in one turn of the event loop are load: then it is looked at every so many milliseconds, and what comes meanwhile is bounded by that. */
const LOAD = 16;
const LOOK_EVERY = 10;
/** Of a result that was not measured. */
const UNKNOWN = -1;
/** A look is followed by a pause that is so many times as long: it takes no more of the main thread, however many jobs are kept. */
const PAUSE = 20;

/**
 * Holds what the results of kept jobs take at a number of bytes: those of the oldest are dropped first. Looked at in the next turn
 * of the event loop, when who asked for a result has it: however many jobs complete, only those are measured that are kept.
 */
export class ResultBytes {
  readonly #max: number;
  /** The newest first. */
  readonly #kept: Iterable<JobRecord>;
  #scheduled = false;
  /** How many have come since the last look. */
  #come = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #pausesUntil = Number.NEGATIVE_INFINITY;

  constructor(max: number, kept: Iterable<JobRecord>) {
    this.#max = max;
    this.#kept = kept;
  }

  /** There is another. */
  add(record: JobRecord): void {
    record.bytes = UNKNOWN;
    this.#come++;
    if (this.#scheduled || this.#max === Number.POSITIVE_INFINITY) return;
    this.#scheduled = true;
    setImmediate(() => this.#look());
  }

  #look(): void {
    const notBefore = this.#come > LOAD ? this.#lookedAt + LOOK_EVERY : Number.NEGATIVE_INFINITY;
    const wait = Math.max(notBefore, this.#pausesUntil) - now();
    if (wait > 0) setTimeout(() => this.#sweep(), wait).unref();
    else this.#sweep();
  }

  #sweep(): void {
    this.#scheduled = false;
    this.#come = 0;
    this.#lookedAt = now();
    let total = 0;
    for (const record of this.#kept) {
      // Results of idempotency keys have a budget of their own.
      if (record.rare?.droppedBytes || record.options?.idempotencyKey !== undefined) continue;
      if (record.bytes === UNKNOWN) record.bytes = resultBytes(record);
      const { bytes } = record;
      if (total + bytes > this.#max) dropResult(record, bytes);
      else total += bytes;
    }
    const over = now();
    this.#pausesUntil = over + PAUSE * (over - this.#lookedAt);
  }
}

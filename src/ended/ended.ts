import type { JobRecord } from '../job/record.js';
import { DeadLetterStore } from './dead-letter-store.js';
import { Recent } from './recent.js';

/** The ended jobs that are kept: the last completed and cancelled ones, the last whose error somebody got, and the dead letters. */
export class Ended {
  readonly completed: Recent<JobRecord>;
  readonly cancelled: Recent<JobRecord>;
  readonly deadLetters: DeadLetterStore;
  /** Failed ones that are no dead letters. */
  readonly #rejected: Recent<JobRecord>;

  constructor(keepCompleted: number, deadLetters: { max: number; alertAt: number }) {
    this.completed = new Recent(keepCompleted);
    this.cancelled = new Recent(keepCompleted);
    this.#rejected = new Recent(keepCompleted);
    this.deadLetters = new DeadLetterStore(deadLetters);
  }

  /** All failed ones, the newest first. */
  get failed(): Iterable<JobRecord> {
    return merged(this.deadLetters, this.#rejected);
  }

  /** Gives the one that makes room for it, which may be itself: it is not kept any more. */
  add(record: JobRecord): JobRecord | undefined {
    if (record.state === 'completed') return this.completed.add(record);
    if (record.state === 'cancelled') return this.cancelled.add(record);
    return record.deadLetter ? this.deadLetters.add(record) : this.#rejected.add(record);
  }

  delete(gone: ReadonlySet<JobRecord>): void {
    this.completed.delete(gone);
    this.cancelled.delete(gone);
    this.#rejected.delete(gone);
    for (const record of gone) this.deadLetters.delete(record);
  }
}

/** Both, each with the newest first, as one. */
function* merged(one: Iterable<JobRecord>, other: Iterable<JobRecord>): Generator<JobRecord> {
  const others = other[Symbol.iterator]();
  let next = others.next();
  for (const record of one) {
    for (; !next.done && next.value.endedAt > record.endedAt; next = others.next()) yield next.value;
    yield record;
  }
  for (; !next.done; next = others.next()) yield next.value;
}

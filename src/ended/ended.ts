import type { JobRecord } from '../job/record.js';
import { DeadLetterStore } from './dead-letter-store.js';
import { Recent } from './recent.js';

/** The ended jobs that are kept: the last completed and cancelled ones, and the dead letters. */
export class Ended {
  readonly completed: Recent<JobRecord>;
  readonly cancelled: Recent<JobRecord>;
  readonly failed: DeadLetterStore;

  constructor(keepCompleted: number, deadLetters: { max: number; alertAt: number }) {
    this.completed = new Recent(keepCompleted);
    this.cancelled = new Recent(keepCompleted);
    this.failed = new DeadLetterStore(deadLetters);
  }

  /** Gives the one that makes room for it, which may be itself: it is not kept any more. */
  add(record: JobRecord): JobRecord | undefined {
    if (record.state === 'completed') return this.completed.add(record);
    return record.state === 'failed' ? this.failed.add(record) : this.cancelled.add(record);
  }

  delete(gone: ReadonlySet<JobRecord>): void {
    this.completed.delete(gone);
    this.cancelled.delete(gone);
    for (const record of gone) this.failed.delete(record);
  }
}

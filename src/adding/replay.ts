import type { DeadLetterStore } from '../ended/dead-letter-store.js';
import type { DeadLetterHost } from '../ended/dead-letters.js';
import { NotFoundError } from '../errors.js';
import type { Announcer } from '../events.js';
import { handleOf, type Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Intake } from './intake.js';

interface Parts {
  readonly announcer: Announcer;
  readonly register: Register;
  readonly store: DeadLetterStore;
  readonly intake: Intake;
  readonly lifecycle: Lifecycle;
}

/** The way back into a queue, or out of it, for its dead letters. */
export class Replay implements DeadLetterHost {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async replay(record: JobRecord, change: { input?: unknown }): Promise<Job> {
    const { intake } = this.#parts;
    const kind = intake.kindOf(record.kind.definition);
    const input = 'input' in change ? await intake.parse(kind, change.input) : record.input;
    this.#check(record);
    return this.#replay(record, input);
  }

  async replayAll(records: readonly JobRecord[]): Promise<Job[]> {
    for (const record of records) this.#check(record);
    return this.#parts.announcer.change(() => records.map((record) => this.#replay(record, record.input)));
  }

  forget(record: JobRecord): void {
    this.#parts.store.delete(record);
    this.#parts.register.forget(record);
  }

  #check(record: JobRecord): void {
    this.#parts.intake.kindOf(record.kind.definition);
    if (this.#parts.store.get(record.id) !== record) {
      throw new NotFoundError(`the dead letter ${record.id} is not there any more`, { jobId: record.id });
    }
  }

  #replay(record: JobRecord, input: unknown): Job {
    this.#parts.lifecycle.replay(record, input);
    return handleOf(record);
  }
}

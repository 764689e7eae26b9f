import type { DeadLetterStore } from '../ended/dead-letter-store.js';
import type { DeadLetterHost } from '../ended/dead-letters.js';
import { NotFoundError } from '../errors.js';
import type { Announcer } from '../events.js';
import { handleOf, type Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import { type Intake, jobOf } from './intake.js';

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
    const known = this.#check(record, input);
    return this.#replay(record, input, known);
  }

  async replayAll(records: readonly JobRecord[]): Promise<Job[]> {
    const known = records.map((record) => this.#check(record, record.input));
    return this.#parts.announcer.change(() => records.map((record, index) => this.#replay(record, record.input, known[index])));
  }

  forget(record: JobRecord): void {
    this.#parts.store.delete(record);
    this.#parts.register.forget(record);
  }

  /** The newer job that its idempotency key stands for, if one does. Throws when it cannot be replayed. */
  #check(record: JobRecord, input: unknown): JobRecord | undefined {
    const { intake, store } = this.#parts;
    const known = intake.known(intake.kindOf(record.kind.definition), input, record.options?.idempotencyKey);
    if (store.get(record.id) === record) return known;
    throw new NotFoundError(`the dead letter ${record.id} is not there any more`, { jobId: record.id });
  }

  /** The work of one whose key stands for a newer job is that job's: it must not be done twice. */
  #replay(record: JobRecord, input: unknown, known: JobRecord | undefined): Job {
    const { intake, lifecycle } = this.#parts;
    if (known === undefined) {
      lifecycle.replay(record, input);
      return handleOf(record);
    }
    this.forget(record);
    return jobOf(intake.deduplicated(known));
  }
}

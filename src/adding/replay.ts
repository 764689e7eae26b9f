import type { DeadLetterStore } from '../ended/dead-letter-store.js';
import type { DeadLetterHost } from '../ended/dead-letters.js';
import { NotFoundError } from '../errors/errors.js';
import { handleOf, type Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';
import { refuseOther } from '../waiting/idempotency.js';
import { jobOf } from './asking.js';
import type { Intake } from './intake.js';
import { withGroup } from './with-group.js';

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
    if (!('input' in change)) return this.#replay(record, record.input, this.#known(record, record.input));
    const input = await intake.parse(kind, change.input);
    const group = groupOf(record, input);
    const known = this.#known(record, input);
    record.group = group;
    return this.#replay(record, input, known);
  }

  async replayAll(records: readonly JobRecord[]): Promise<Job[]> {
    const firsts = new Map<string, JobRecord>();
    const known = records.map((record) => this.#known(record, record.input) ?? sameKey(record, firsts));
    // A getter in one of the inputs may have removed another.
    for (const record of records) this.#check(record);
    return this.#parts.announcer.change(() => records.map((record, index) => this.#replay(record, record.input, known[index])));
  }

  forget(record: JobRecord): void {
    this.#parts.store.delete(record);
    this.#parts.register.forget(record);
  }

  /** The newer job that its idempotency key stands for, if one does. Throws when it cannot be replayed. */
  #known(record: JobRecord, input: unknown): JobRecord | undefined {
    const { kind, options } = record;
    const known = this.#parts.intake.duplicates.known(kind, input, options?.idempotencyKey);
    this.#check(record);
    return known;
  }

  #check({ id, kind }: JobRecord): void {
    const { intake, store } = this.#parts;
    intake.refuseClosed(kind.definition.name);
    if (store.get(id) === undefined) throw new NotFoundError(`the dead letter ${id} is not there any more`, { jobId: id });
  }

  /** The work of one whose key stands for a newer job is that job's: it must not be done twice. */
  #replay(record: JobRecord, input: unknown, known: JobRecord | undefined): Job {
    const { intake, lifecycle } = this.#parts;
    if (known === undefined) {
      lifecycle.replay(record, input);
      return handleOf(record);
    }
    this.forget(record);
    return jobOf(intake.duplicates.join(known));
  }
}

/** The group of a dead letter with another input: that of the input, unless `add` had said another. Throws `OptionsError`. */
function groupOf({ kind, group, input: former }: JobRecord, input: unknown): string | undefined {
  const of = (one: unknown) => withGroup(kind.definition, one, undefined)?.group;
  return of(former) === group ? of(input) : group;
}

/** The first dead letter of those that have one key; it will live by the time of the others. Throws when one has another input. */
function sameKey(record: JobRecord, firsts: Map<string, JobRecord>): JobRecord | undefined {
  const { idempotencyKey } = record.options ?? {};
  if (idempotencyKey === undefined) return undefined;
  const key = `${record.kind.definition.name} ${idempotencyKey}`;
  const first = firsts.get(key);
  if (first === undefined) firsts.set(key, record);
  else refuseOther(first, record.input);
  return first;
}

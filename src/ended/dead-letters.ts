import { type Check, checked, object, optional, orInfinity, string, time, whole } from '../checks/checks.js';
import { NotFoundError, OptionsError } from '../errors/errors.js';
import type { Attempt, Outcome } from '../job/attempt.js';
import { handleOf, type Job } from '../job/job.js';
import { type ListOptions, listOptions, partOf } from '../job/list-options.js';
import type { JobRecord } from '../job/record.js';
import type { DeadLetterFilter, DeadLetterStore } from './dead-letter-store.js';

/** A job that failed for good, with everything that is known of it. */
export interface DeadLetter {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** How its last attempt ended. */
  readonly reason: Outcome;
  /** What its last attempt ended with. */
  readonly error: unknown;
  readonly attempts: readonly Attempt[];
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  /** Milliseconds since 1970. */
  readonly failedAt: number;
  readonly metadata: unknown;
}

/** A job of any engine that has failed. */
type Failed = Pick<Job, 'id' | 'name' | 'input' | 'error' | 'attempts' | 'addedAt' | 'finishedAt' | 'metadata'>;

/** Who makes dead letters live again, and forgets them. */
export interface DeadLetterHost {
  /** The job runs again from attempt 1, with another input if one is given. */
  replay(record: JobRecord, change: { input?: unknown }): Promise<Job>;
  /** The same of many, all or none. */
  replayAll(records: readonly JobRecord[]): Promise<Job[]>;
  /** The job is no dead letter any more, and not known either. */
  forget(record: JobRecord): void;
}

/** Of a {@link DeadLetterFilter}. */
export const deadLetterFilter: Check<DeadLetterFilter> = object({
  name: optional(string),
  before: optional(time),
  limit: optional(orInfinity(whole)),
});

const listed: Check<Required<ListOptions> & { name?: string }> = object({ ...listOptions, name: optional(string) });

/** The jobs that failed for good: to read, to replay, to remove. Bounded: the oldest makes room for the newest. */
export class DeadLetters {
  readonly #store: DeadLetterStore;
  readonly #host: DeadLetterHost;

  /** @internal Made by the queue. */
  constructor(store: DeadLetterStore, host: DeadLetterHost) {
    this.#store = store;
    this.#host = host;
  }

  /** How many there are. */
  get size(): number {
    return this.#store.size;
  }

  /** Newest first; those of one definition when `name` is given. Limit 100 by default. Throws `OptionsError`. */
  list(options: ListOptions & { name?: string } = {}): DeadLetter[] {
    const { name, ...part } = checked(listed, options, 'deadLetters.list');
    const all = [...this.#store];
    const named = name === undefined ? all : all.filter(({ kind }) => kind.definition.name === name);
    return partOf(named, part).map(letterOfRecord);
  }

  /** `undefined` when there is no such dead letter. */
  get(id: string): DeadLetter | undefined {
    const record = this.#store.get(id);
    return record && letterOfRecord(record);
  }

  /**
   * Runs a dead letter again, from attempt 1 and under the same id; with `input`, on another input, which the schema
   * must accept. With a filter: all that match, with their inputs, all or none. One whose idempotency key stands for a
   * newer job, living or completed, is not run: the answer is that job, `deduplicated`, and the dead letter is settled.
   * Rejects with `NotFoundError`, `OptionsError`, `QueueClosedError`, `IdempotencyError` when the newer job has another
   * input, and with what `add` rejects with on a bad input. Then nothing is changed.
   */
  replay(id: string, change?: { input?: unknown }): Promise<Job>;
  replay(filter: DeadLetterFilter): Promise<Job[]>;
  async replay(which: string | DeadLetterFilter, change?: { input?: unknown }): Promise<Job | Job[]> {
    if (typeof which === 'string') return this.#host.replay(this.#named(which), change ?? {});
    if (change !== undefined) {
      throw new OptionsError('deadLetters.replay: a filter takes no input; each dead letter has its own. Replay by id to change it.');
    }
    return this.#host.replayAll(this.#matching(which, 'deadLetters.replay'));
  }

  /** Forgets dead letters; gives how many. Throws `OptionsError`. */
  remove(which: string | DeadLetterFilter): number {
    const one = typeof which === 'string' ? this.#store.get(which) : undefined;
    const records = typeof which === 'string' ? (one === undefined ? [] : [one]) : this.#matching(which, 'deadLetters.remove');
    for (const record of records) this.#host.forget(record);
    return records.length;
  }

  #named(id: string): JobRecord {
    const record = this.#store.get(id);
    if (record === undefined) throw new NotFoundError(`there is no dead letter with the id "${id}"; deadLetters.list() shows them`);
    return record;
  }

  #matching(filter: DeadLetterFilter, where: string): JobRecord[] {
    return this.#store.matching(checked(deadLetterFilter, filter, where));
  }
}

/** What is told of a job that failed for good. */
export function letterOf({ id, name, input, error, attempts, addedAt, finishedAt = addedAt, metadata }: Failed): DeadLetter {
  const reason = attempts.at(-1)?.outcome ?? 'failed';
  return { id, name, input, reason, error, attempts, addedAt, failedAt: finishedAt, metadata };
}

function letterOfRecord(record: JobRecord): DeadLetter {
  return letterOf(handleOf(record));
}

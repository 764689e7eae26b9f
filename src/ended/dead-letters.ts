import type { Attempt, Outcome } from '../job/attempt.js';
import type { Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';

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

/** Which dead letters: those of a definition, those that failed before a time (milliseconds since 1970 or a Date), at most so many. Oldest first. */
export interface DeadLetterFilter {
  name?: string;
  before?: number | Date;
  limit?: number;
}

/** What the dead letters ask of their queue. */
export interface DeadLetterHost {
  /** The job runs again from attempt 1, with another input if one is given. */
  replay(record: JobRecord, change: { input?: unknown }): Promise<Job>;
  /** The job is forgotten. */
  dropped(record: JobRecord): void;
  evicted(record: JobRecord): void;
  alert(newest: JobRecord, size: number): void;
}

/** The jobs that failed for good, oldest first: to read, to replay, to remove. Bounded: the oldest makes room for the newest. */
export class DeadLetters {
  readonly #max: number;
  readonly #alertAt: number;
  readonly #host: DeadLetterHost;
  readonly #records = new Map<string, JobRecord>();

  /** Made by the queue. */
  constructor({ max, alertAt }: { max: number; alertAt: number }, host: DeadLetterHost) {
    this.#max = max;
    this.#alertAt = alertAt;
    this.#host = host;
  }

  get size(): number {
    return this.#records.size;
  }

  /** Oldest first; all of them by default. */
  list({ name, offset = 0, limit = Number.POSITIVE_INFINITY }: { name?: string; offset?: number; limit?: number } = {}): DeadLetter[] {
    return this.#matching({ ...(name !== undefined && { name }) })
      .slice(offset, offset + limit)
      .map(letterOf);
  }

  get(id: string): DeadLetter | undefined {
    const record = this.#records.get(id);
    return record && letterOf(record);
  }

  /**
   * Runs a dead letter again, from attempt 1 and under the same id; with `input`, on another input, which the schema
   * must accept. Rejects with `RangeError` when there is no such dead letter. With a filter: all that match.
   */
  replay(id: string, change?: { input?: unknown }): Promise<Job>;
  replay(filter: DeadLetterFilter, change?: { input?: unknown }): Promise<Job[]>;
  async replay(which: string | DeadLetterFilter, change: { input?: unknown } = {}): Promise<Job | Job[]> {
    if (typeof which === 'object') return Promise.all(this.#matching(which).map((record) => this.#host.replay(record, change)));
    const record = this.#records.get(which);
    if (record === undefined) throw new RangeError(`there is no dead letter with the id "${which}"; deadLetters.list() shows all`);
    return this.#host.replay(record, change);
  }

  /** Forgets dead letters; gives how many. */
  remove(which: string | DeadLetterFilter): number {
    const records = typeof which === 'object' ? this.#matching(which) : [this.#records.get(which)].filter((one) => one !== undefined);
    for (const record of records) {
      this.#records.delete(record.id);
      this.#host.dropped(record);
    }
    return records.length;
  }

  /** @internal The queue's side. */
  add(record: JobRecord): void {
    const before = this.#records.size;
    this.#records.set(record.id, record);
    for (const oldest of this.#records.values()) {
      if (this.#records.size <= this.#max) break;
      this.#records.delete(oldest.id);
      this.#host.evicted(oldest);
    }
    if (before < this.#alertAt && this.#records.size >= this.#alertAt) this.#host.alert(record, this.#records.size);
  }

  /** @internal The queue's side: the newest first. */
  records(): JobRecord[] {
    return [...this.#records.values()].reverse();
  }

  /** @internal The queue's side: the job lives again. */
  take(record: JobRecord): boolean {
    return this.#records.delete(record.id);
  }

  #matching({ name, before, limit = Number.POSITIVE_INFINITY }: DeadLetterFilter): JobRecord[] {
    const found: JobRecord[] = [];
    for (const record of this.#records.values()) {
      if (found.length >= limit) break;
      if (name !== undefined && record.kind.definition.name !== name) continue;
      if (before !== undefined && (record.finishedAt ?? 0) >= Number(before)) continue;
      found.push(record);
    }
    return found;
  }
}

function letterOf(record: JobRecord): DeadLetter {
  const { id, input, error, attempts, addedAt, finishedAt, kind, options } = record;
  return {
    id,
    name: kind.definition.name,
    input,
    reason: attempts.at(-1)?.outcome ?? 'failed',
    error,
    attempts,
    addedAt,
    failedAt: finishedAt ?? addedAt,
    metadata: options?.metadata,
  };
}

import type { JobRecord } from '../job/record.js';

/** Which dead letters: those of a definition, those that failed before a time, at most so many. Oldest first. */
export interface DeadLetterFilter {
  /** Name of their definition. */
  name?: string;
  /** Those that failed before this: milliseconds since 1970, or a Date. */
  before?: number | Date;
  /** At most so many. Default all. */
  limit?: number;
}

/** Keeps the jobs that failed for good, at most `max`: the oldest makes room for the newest. */
export class DeadLetterStore {
  readonly #max: number;
  readonly #alertAt: number;
  readonly #records = new Map<string, JobRecord>();

  constructor({ max, alertAt }: { max: number; alertAt: number }) {
    this.#max = max;
    this.#alertAt = alertAt;
  }

  get size(): number {
    return this.#records.size;
  }

  get(id: string): JobRecord | undefined {
    return this.#records.get(id);
  }

  /** Gives the one that makes room for it, the oldest. */
  add(record: JobRecord): JobRecord | undefined {
    this.#records.set(record.id, record);
    if (this.#records.size <= this.#max) return undefined;
    const [oldest] = this.#records.values();
    this.#records.delete((oldest as JobRecord).id);
    return oldest;
  }

  /** Whether there are just as many as people want to be alerted of. */
  get isAlarming(): boolean {
    return this.#records.size === this.#alertAt;
  }

  /** Whether it was there. */
  delete(record: JobRecord): boolean {
    return this.#records.delete(record.id);
  }

  /** The newest first. */
  [Symbol.iterator](): Iterator<JobRecord> {
    return [...this.#records.values()].reverse()[Symbol.iterator]();
  }

  /** The oldest first. */
  matching({ name, before, limit = Number.POSITIVE_INFINITY }: DeadLetterFilter): JobRecord[] {
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

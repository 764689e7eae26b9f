import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.js';
import { IdempotencyError } from '../errors.js';
import type { JobRecord } from '../job/record.js';

interface Known {
  readonly record: JobRecord;
  /** When it is forgotten, on {@link Clock.now}; not before its job has completed. */
  expires: number;
}

/** Which job a key stands for: while the job lives, and for `ttl` ms after it completed. At most `max` completed ones, the oldest goes first. */
export class Idempotency {
  readonly #ttl: number;
  readonly #max: number;
  readonly #clock: Clock;
  readonly #living = new Map<string, Known>();
  /** In order of completion, so also of expiry. */
  readonly #finished = new Map<string, Known>();

  constructor({ ttl, max }: { ttl: number; max: number }, clock: Clock) {
    this.#ttl = ttl;
    this.#max = max;
    this.#clock = clock;
  }

  /** The job that the key stands for, if any. Throws {@link IdempotencyError} when it has another input. */
  find(name: string, key: string, input: unknown): JobRecord | undefined {
    this.#forgetExpired();
    const full = fullKey(name, key);
    const known = this.#living.get(full) ?? this.#finished.get(full);
    if (known === undefined) return undefined;
    const { record } = known;
    if (!isDeepStrictEqual(record.input, input)) {
      throw new IdempotencyError(
        `the idempotency key "${key}" of job "${name}" stands for job ${record.id}, which has another input. Use one key for one piece of work.`,
        { jobId: record.id, jobName: name },
      );
    }
    return record;
  }

  /** The key stands for this job from now on, unless another job that lives has it: then a replayed one goes without. */
  remember(record: JobRecord): void {
    const key = keyOf(record);
    if (key !== undefined && !this.#living.has(key)) this.#living.set(key, { record, expires: Number.POSITIVE_INFINITY });
  }

  /** The job has ended: a completed one is remembered for a while, any other frees its key. */
  ended(record: JobRecord): void {
    const key = keyOf(record);
    if (key === undefined) return;
    const known = this.#living.get(key);
    if (known?.record !== record) return;
    this.#living.delete(key);
    if (record.state !== 'completed') return;
    known.expires = this.#clock.now() + this.#ttl;
    this.#finished.set(key, known);
    this.#forgetExpired();
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expires }] of this.#finished) {
      if (expires > now && this.#finished.size <= this.#max) return;
      this.#finished.delete(key);
    }
  }
}

function keyOf(record: JobRecord): string | undefined {
  const key = record.options?.idempotencyKey;
  return key === undefined ? undefined : fullKey(record.kind.definition.name, key);
}

// A name has no space in it.
function fullKey(name: string, key: string): string {
  return `${name} ${key}`;
}

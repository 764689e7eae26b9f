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
  /** In the order in which their ends became known, so about in that of expiry. */
  readonly #finished = new Map<string, Known>();

  constructor({ ttl, max }: { ttl: number; max: number }, clock: Clock) {
    this.#ttl = ttl;
    this.#max = max;
    this.#clock = clock;
  }

  /** The job that the key stands for, if any. Throws {@link IdempotencyError} when it has another input. */
  find(name: string, key: string, input: unknown): JobRecord | undefined {
    const full = fullKey(name, key);
    const known = this.#living.get(full) ?? this.#remembered(full);
    if (known !== undefined) refuseOther(known.record, input);
    return known?.record;
  }

  /** The key stands for this job from now on; it must stand for no other. */
  remember(record: JobRecord): void {
    const key = keyOf(record);
    if (key !== undefined) this.#living.set(key, { record, expires: Number.POSITIVE_INFINITY });
  }

  /** The job has ended: a completed one is remembered for a while, any other frees its key. */
  ended(record: JobRecord): void {
    const key = keyOf(record);
    if (key === undefined) return;
    this.#living.delete(key);
    if (record.state !== 'completed') return;
    // Counted from its end, which may be some time ago: this thread may have been busy.
    this.#finished.set(key, { record, expires: record.endedAt + this.#ttl });
    this.#forgetExpired();
  }

  #remembered(key: string): Known | undefined {
    this.#forgetExpired();
    const known = this.#finished.get(key);
    return known !== undefined && known.expires > this.#clock.now() ? known : undefined;
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expires }] of this.#finished) {
      if (expires > now && this.#finished.size <= this.#max) return;
      this.#finished.delete(key);
    }
  }
}

/** Throws {@link IdempotencyError} when a job that is asked for again by its key has another input. */
export function refuseOther(record: JobRecord, input: unknown): void {
  if (isDeepStrictEqual(record.input, input)) return;
  const { id: jobId, options, kind } = record;
  const { name: jobName } = kind.definition;
  throw new IdempotencyError(
    `the idempotency key "${options?.idempotencyKey}" of job "${jobName}" stands for job ${jobId}, which has another input. Use one key for one piece of work.`,
    { jobId, jobName },
  );
}

function keyOf(record: JobRecord): string | undefined {
  const key = record.options?.idempotencyKey;
  return key === undefined ? undefined : fullKey(record.kind.definition.name, key);
}

// A name has no space in it.
function fullKey(name: string, key: string): string {
  return `${name} ${key}`;
}

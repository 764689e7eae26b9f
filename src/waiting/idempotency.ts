import { isDeepStrictEqual } from 'node:util';
import { IdempotencyError } from '../errors/errors.js';
import type { JobRecord } from '../job/record.js';
import { dropResult } from '../job/result.js';
import { resultBytes } from '../job/result-bytes.js';
import type { Clock } from '../time/clock.js';
import { setImmediate } from '../time/timers.js';

/** A job that has completed. */
interface Known {
  readonly record: JobRecord;
  /** What its result takes, as long as that is kept. */
  bytes: number;
  /** When it is forgotten, on {@link Clock.now}. */
  readonly expires: number;
}

/** Which job a key stands for: while the job lives, and for `ttl` ms after it completed. At most `max` completed ones, the oldest goes first. */
export class Idempotency {
  readonly #ttl: number;
  readonly #max: number;
  readonly #maxBytes: number;
  #bytes = 0;
  readonly #clock: Clock;
  readonly #living = new Map<string, JobRecord>();
  /** In the order in which their ends became known, so about in that of expiry. */
  readonly #finished = new Map<string, Known>();

  constructor({ ttl, max, bytes = Number.POSITIVE_INFINITY }: { ttl: number; max: number; bytes?: number }, clock: Clock) {
    this.#maxBytes = bytes;
    this.#ttl = ttl;
    this.#max = max;
    this.#clock = clock;
  }

  /** The job that the key stands for, if any. */
  find(name: string, key: string): JobRecord | undefined {
    const full = fullKey(name, key);
    return this.#living.get(full) ?? this.#remembered(full);
  }

  /** The key stands for this job from now on, and for no other. */
  remember(record: JobRecord): void {
    const key = keyOf(record);
    if (key !== undefined) this.#living.set(key, record);
  }

  /** The job has ended: a completed one is remembered for a while, any other frees its key. */
  ended(record: JobRecord): void {
    const key = keyOf(record);
    if (key === undefined) return;
    // It stands for a newer one.
    if (this.#living.get(key) !== record) return;
    this.#living.delete(key);
    this.#forget(key);
    if (record.state !== 'completed') return;
    // Counted from its end, which may be some time ago: this thread may have been busy.
    const bytes = this.#maxBytes === Number.POSITIVE_INFINITY ? 0 : resultBytes(record);
    this.#finished.set(key, { record, bytes, expires: record.endedAt + (record.options?.ttl ?? this.#ttl) });
    this.#bytes += bytes;
    // Who asked for the result has it by then.
    if (this.#bytes > this.#maxBytes) setImmediate(() => this.#dropResults());
    this.#forgetExpired();
  }

  #remembered(key: string): JobRecord | undefined {
    this.#forgetExpired();
    const known = this.#finished.get(key);
    return known !== undefined && known.expires > this.#clock.now() ? known.record : undefined;
  }

  #forgetExpired(): void {
    const now = this.#clock.now();
    for (const [key, { expires }] of this.#finished) {
      if (expires > now && this.#finished.size <= this.#max) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    const known = this.#finished.get(key);
    if (known === undefined) return;
    this.#bytes -= known.bytes;
    this.#finished.delete(key);
  }

  /** Of the oldest first; their keys still stand for their jobs. */
  #dropResults(): void {
    for (const known of this.#finished.values()) {
      if (this.#bytes <= this.#maxBytes) return;
      if (known.bytes === 0) continue;
      this.#bytes -= known.bytes;
      dropResult(known.record, known.bytes);
      known.bytes = 0;
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

/** Throws {@link IdempotencyError} whatever its input. */
export function refuseSecond({ id: jobId, options, kind }: JobRecord): void {
  const { name: jobName } = kind.definition;
  throw new IdempotencyError(
    `the idempotency key "${options?.idempotencyKey}" of job "${jobName}" stands for job ${jobId}, and onDuplicate is "reject"`,
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

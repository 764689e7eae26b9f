import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Clock, Timer } from '../time/clock.js';
import { DeadLetterStore } from './dead-letter-store.js';
import { Recent } from './recent.js';
import { ResultBytes } from './result-bytes.js';

/** How much is kept, and for how long, in milliseconds. */
interface Kept {
  readonly max: number;
  readonly bytes: number;
  readonly ttl?: number | undefined;
}

/** The ended jobs that are kept: the last completed and cancelled ones, the last whose error somebody got, and the dead letters. */
export class Ended {
  readonly completed: Recent<JobRecord>;
  readonly cancelled: Recent<JobRecord>;
  readonly deadLetters: DeadLetterStore;
  /** Failed ones that are no dead letters. */
  readonly #rejected: Recent<JobRecord>;

  readonly #results: ResultBytes;
  readonly #ttl: number | undefined;
  readonly #clock: Clock;
  readonly #register: Pick<Register, 'forget'>;
  #timer: Timer | undefined;

  constructor({ max, bytes, ttl }: Kept, deadLetters: { max: number; alertAt: number }, clock: Clock, register: Pick<Register, 'forget'>) {
    this.completed = new Recent(max);
    this.cancelled = new Recent(max);
    this.#rejected = new Recent(max);
    this.deadLetters = new DeadLetterStore(deadLetters);
    this.#results = new ResultBytes(bytes, this.completed);
    this.#ttl = ttl;
    this.#clock = clock;
    this.#register = register;
  }

  /** All failed ones, the newest first. */
  get failed(): Iterable<JobRecord> {
    return merged(this.deadLetters, this.#rejected);
  }

  /** Gives the one that makes room for it, which may be itself: it is not kept any more. */
  add(record: JobRecord): JobRecord | undefined {
    if (this.#ttl !== undefined) this.#expireIn(this.#ttl);
    if (record.state === 'completed') return this.#addCompleted(record);
    if (record.state === 'cancelled') return this.cancelled.add(record);
    return record.deadLetter ? this.deadLetters.add(record) : this.#rejected.add(record);
  }

  #addCompleted(record: JobRecord): JobRecord | undefined {
    this.#results.add(record);
    const out = this.completed.add(record);
    if (out !== undefined) this.#results.delete(out);
    return out;
  }

  #expireIn(ms: number): void {
    this.#timer ??= this.#clock.setTimeout(() => this.#expire(ms), ms);
  }

  /** Those that ended longer ago are not kept any longer. */
  #expire(ttl: number): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const gone = new Set<JobRecord>();
    let oldest = Number.POSITIVE_INFINITY;
    for (const kept of [this.completed, this.cancelled, this.#rejected]) {
      for (const record of kept) {
        if (record.endedAt + ttl <= now) gone.add(record);
        else oldest = Math.min(oldest, record.endedAt);
      }
    }
    this.delete(gone);
    for (const record of gone) this.#register.forget(record);
    if (oldest < Number.POSITIVE_INFINITY) this.#expireIn(oldest + ttl - now);
  }

  delete(gone: ReadonlySet<JobRecord>): void {
    for (const record of gone) if (record.state === 'completed') this.#results.delete(record);
    this.completed.delete(gone);
    this.cancelled.delete(gone);
    this.#rejected.delete(gone);
    for (const record of gone) this.deadLetters.delete(record);
  }
}

/** Both, each with the newest first, as one. */
function* merged(one: Iterable<JobRecord>, other: Iterable<JobRecord>): Generator<JobRecord> {
  const others = other[Symbol.iterator]();
  let next = others.next();
  for (const record of one) {
    for (; !next.done && next.value.endedAt > record.endedAt; next = others.next()) yield next.value;
    yield record;
  }
  for (; !next.done; next = others.next()) yield next.value;
}

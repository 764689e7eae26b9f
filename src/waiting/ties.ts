import type { JobRecord } from '../job/record.js';
import type { Commands } from '../job/register.js';
import type { Idempotency } from './idempotency.js';
import { Signals } from './signals.js';

/** What a living job is tied to outside the queue: its idempotency key, and the signal that cancels it. */
export class Ties {
  readonly #idempotency: Idempotency;
  readonly #signals: Signals<JobRecord>;

  constructor(idempotency: Idempotency, canceller: Commands) {
    this.#idempotency = idempotency;
    this.#signals = new Signals((record, reason) => canceller.cancel(record, reason));
  }

  /** The job lives. */
  tie(record: JobRecord): void {
    if (record.options?.idempotencyKey !== undefined) this.#idempotency.remember(record);
    if (record.options?.signal !== undefined) this.#signals.watch(record, record.options.signal);
  }

  /** The job has ended, or was handed back. */
  untie(record: JobRecord): void {
    this.#idempotency.ended(record);
    if (record.options?.signal !== undefined) this.#signals.forget(record, record.options.signal);
  }
}

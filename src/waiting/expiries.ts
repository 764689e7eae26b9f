import type { JobRecord } from '../job/record.js';
import type { Clock } from '../time/clock.js';
import { Delays } from './delays.js';

/** When jobs expire that have not been started; see `JobOptions.maxWait`. */
export class Expiries {
  readonly #clock: Clock;
  readonly #expire: (record: JobRecord) => void;
  readonly #times: Delays;

  /** `expire` is called with each whose time has come. */
  constructor(clock: Clock, expire: (record: JobRecord) => void) {
    this.#clock = clock;
    this.#expire = expire;
    this.#times = new Delays(clock, expire);
  }

  /** The job has come in. It may have waited for that too long already; or somebody who heard of it has ended it. */
  enters(record: JobRecord): void {
    if (record.maxWait === undefined || record.error !== undefined) return;
    if (this.#left(record) > 0) this.waits(record);
    else this.#expire(record);
  }

  /** The job waits for its first start, since it was added. */
  waits(record: JobRecord): void {
    const left = this.#left(record);
    if (left !== Number.POSITIVE_INFINITY) this.#times.add(record, left);
  }

  /** How long it may still wait, in milliseconds. */
  #left(record: JobRecord): number {
    const { maxWait = Number.POSITIVE_INFINITY, options, attempt, putOffs } = record;
    if (attempt + putOffs > 0) return Number.POSITIVE_INFINITY;
    return maxWait - (options?.waited ?? 0) - record.age(this.#clock.now());
  }

  /** It was started, or waits no more. */
  over(record: JobRecord): void {
    if (this.#times.size > 0) this.#times.remove(record);
  }
}

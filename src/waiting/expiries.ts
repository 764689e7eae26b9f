import type { JobRecord } from '../job/record.js';
import type { Clock } from '../time/clock.js';
import { Delays } from './delays.js';

/** When jobs expire that have not been started; see `JobOptions.maxWait`. */
export class Expiries {
  readonly #clock: Clock;
  readonly #times: Delays;

  /** `expire` is called with each whose time has come. */
  constructor(clock: Clock, expire: (record: JobRecord) => void) {
    this.#clock = clock;
    this.#times = new Delays(clock, expire);
  }

  /** The job waits for its first start: since it was added. */
  waits(record: JobRecord): void {
    if (record.maxWait === undefined || record.attempt + record.putOffs > 0) return;
    this.#times.add(record, record.maxWait - record.age(this.#clock.now()));
  }

  /** It was started, or waits no more. */
  over(record: JobRecord): void {
    if (this.#times.size > 0) this.#times.remove(record);
  }
}

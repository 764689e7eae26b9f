import { type Clock, closest, compare } from './clock.js';

/** Since when, on {@link Clock.now}, the wall clock is ahead of it by how much. */
interface Setting {
  readonly since: number;
  readonly ahead: number;
}

/** Times that the wall clock was set are forgotten when there were more since. */
const MAX_SETTINGS = 100;

/**
 * Turns times of {@link Clock.now} into those that people read, in whole milliseconds since 1970. What it says of a
 * time stays the same, also when the wall clock is set or the machine sleeps later.
 */
export class Calendar {
  readonly #now: () => number;
  readonly #wallTime: () => number;
  readonly #settings: Setting[];

  constructor(clock: Clock) {
    this.#now = () => clock.now();
    this.#wallTime = () => clock.wallTime();
    this.#settings = [{ since: Number.NEGATIVE_INFINITY, ahead: closest(this.#now, this.#wallTime) }];
  }

  /** Notices that the wall clock was set; to be called from time to time, for what it finds holds from now on. */
  look(): void {
    const { ahead, error } = compare(this.#now, this.#wallTime);
    if (Math.abs(ahead - (this.#settings.at(-1) as Setting).ahead) <= 0.5 + error) return;
    this.#settings.push({ since: this.#now(), ahead });
    if (this.#settings.length > MAX_SETTINGS) this.#settings.shift();
  }

  timeOf(now: number): number {
    this.look();
    return Math.floor(this.exactTimeOf(now));
  }

  /** Not in whole milliseconds: for who computes with it. Holds from the last {@link look} on. */
  exactTimeOf(now: number): number {
    const setting = this.#settings.findLast(({ since }) => since <= now) ?? (this.#settings[0] as Setting);
    return now + setting.ahead;
  }
}

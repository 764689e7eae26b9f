import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';
import type { Clock, Timer } from '../time/clock.js';

/** What limits need of its surroundings. */
export interface GateHost {
  readonly clock: Clock;
  /** When the handler of an active job was started, on {@link Clock.now}, once it was. */
  runningSince(record: JobRecord): number | undefined;
}

/** A place in the window, taken before one start and held until `duration` ms after it. */
export class Place {
  /** When the handler was started, on {@link Clock.now}; `undefined` as long as nobody said. */
  startedAt: number | undefined;
  free = false;

  constructor(readonly record: JobRecord) {}
}

interface Check {
  readonly at: number;
  readonly place: Place;
}

/**
 * A rate limit as a sliding window: `max` places, each taken before a start and given back `duration` ms after it. So no
 * window of `duration` can hold more than `max` starts, though a start happens on another thread, some time after the
 * job was sent there.
 */
export class RateWindow {
  readonly #max: number;
  readonly #duration: number;
  readonly #host: GateHost;
  readonly #freed: () => void;
  #taken = 0;
  /** When to check which place: never later than it could be given back. */
  readonly #checks = new TinyQueue<Check>([], (a, b) => a.at - b.at);
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** `freed` is called when a place was given back. */
  constructor(limit: { max: number; duration: number }, host: GateHost, freed: () => void) {
    this.#max = limit.max;
    this.#duration = limit.duration;
    this.#host = host;
    this.#freed = freed;
  }

  get isFull(): boolean {
    return this.#taken >= this.#max;
  }

  get isEmpty(): boolean {
    return this.#taken === 0;
  }

  /** How many more may start now. */
  get room(): number {
    return this.#max - this.#taken;
  }

  /** How long the next start will wait for a place, in milliseconds, where so many wait for one before it. */
  waitOf(waiting: number): number {
    const windows = Math.floor((this.#taken + waiting) / this.#max);
    if (windows === 0) return 0;
    const first = this.#checks.peek()?.at ?? this.#host.clock.now() + this.#duration;
    return (windows - 1) * this.#duration + first - this.#host.clock.now();
  }

  /** The place is taken for a start that is about to happen. */
  take(record: JobRecord): Place {
    this.#taken++;
    const place = new Place(record);
    this.#checks.push({ at: this.#host.clock.now() + this.#duration, place });
    this.#arm();
    return place;
  }

  /** The attempt is over: when it was started, or `undefined` when it was not, which frees the place at once. */
  ended(place: Place, startedAt: number | undefined): void {
    place.startedAt = startedAt;
    if (startedAt === undefined) this.#free(place);
  }

  #arm(): void {
    const at = this.#checks.peek()?.at ?? Number.POSITIVE_INFINITY;
    if (at === this.#timerAt) return;
    this.#host.clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer =
      at === Number.POSITIVE_INFINITY ? undefined : this.#host.clock.setTimeout(() => this.#check(), at - this.#host.clock.now());
  }

  #check(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#host.clock.now();
    for (let check = this.#checks.peek(); check !== undefined && check.at <= now; check = this.#checks.peek()) {
      this.#checks.pop();
      const { place } = check;
      if (place.free) continue;
      // Not started yet, as far as is known: then it will be now at the earliest.
      const startedAt = place.startedAt ?? this.#host.runningSince(place.record) ?? now;
      if (startedAt + this.#duration <= now) this.#free(place);
      else this.#checks.push({ at: startedAt + this.#duration, place });
    }
    this.#arm();
  }

  #free(place: Place): void {
    place.free = true;
    this.#taken--;
    this.#freed();
  }
}

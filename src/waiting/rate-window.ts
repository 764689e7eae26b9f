import PQueue from 'p-queue';
import TinyQueue from 'tinyqueue';
import type { Clock, Timer } from '../clock.js';
import type { JobRecord } from '../job/record.js';

/** A place in the window, taken before one start and held until `duration` ms after it. */
export class Place {
  /** When the handler was started, on {@link Clock.now}; `undefined` as long as nobody said. */
  startedAt: number | undefined;
  free = false;

  constructor(
    readonly record: JobRecord,
    readonly leave: () => void,
  ) {}
}

interface Look {
  readonly at: number;
  readonly place: Place;
}

/**
 * A rate limit as a sliding window: `max` places, kept by p-queue, each taken before a start and given back `duration`
 * ms after it. So no window of `duration` can hold more than `max` starts, though a start happens on another thread,
 * some time after the job was sent there. (p-queue's own `interval` counts from the moment of the permit, in whole
 * milliseconds of a clock that can be set.)
 */
export class RateWindow {
  readonly places: PQueue;
  readonly #duration: number;
  readonly #clock: Clock;
  readonly #startOf: (record: JobRecord) => number | undefined;
  /** When to look at which place: never later than it could be given back. */
  readonly #looks = new TinyQueue<Look>([], (a, b) => a.at - b.at);
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  /** `startOf` tells when the handler of an active job was started, once it was. */
  constructor(limit: { max: number; duration: number }, clock: Clock, startOf: (record: JobRecord) => number | undefined) {
    this.places = new PQueue({ concurrency: limit.max });
    this.#duration = limit.duration;
    this.#clock = clock;
    this.#startOf = startOf;
  }

  /** The place is taken for a start that is about to happen. */
  take(record: JobRecord, leave: () => void): Place {
    const place = new Place(record, leave);
    this.#lookAt(place, this.#clock.now() + this.#duration);
    return place;
  }

  /** The attempt is over: when it was started, or `undefined` when it was not, which frees the place at once. */
  ended(place: Place, startedAt: number | undefined): void {
    place.startedAt = startedAt;
    if (startedAt === undefined) this.#free(place);
    else this.#lookAt(place, startedAt + this.#duration);
  }

  #lookAt(place: Place, at: number): void {
    this.#looks.push({ at, place });
    this.#arm();
  }

  #arm(): void {
    const at = this.#looks.peek()?.at ?? Number.POSITIVE_INFINITY;
    if (at === this.#timerAt) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = at === Number.POSITIVE_INFINITY ? undefined : this.#clock.setTimeout(() => this.#look(), at - this.#clock.now());
  }

  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let look = this.#looks.peek(); look !== undefined && look.at <= now; look = this.#looks.peek()) {
      this.#looks.pop();
      const { place } = look;
      if (place.free) continue;
      // Not started yet, as far as is known: then it will be now at the earliest.
      const startedAt = place.startedAt ?? this.#startOf(place.record) ?? now;
      if (startedAt + this.#duration <= now) this.#free(place);
      else this.#looks.push({ at: startedAt + this.#duration, place });
    }
    this.#arm();
  }

  #free(place: Place): void {
    place.free = true;
    place.leave();
  }
}

/** Percentiles of a duration, in milliseconds, to one part in 100; all 0 before the first. */
export interface Durations {
  p50: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
}

/** Parts of an octave, as a power of 2: a value is known to one part in 128. */
const PRECISION = 6;
/** Octaves from {@link LOWEST} on: up to the longest limit a job can have, and beyond it the last part. */
const OCTAVES = 42;
/** In milliseconds; what is shorter counts as this. */
const LOWEST = 2 ** -10;
const PARTS = OCTAVES << PRECISION;

// The first bits of a number are its octave, and where in it: they are its place.
const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);
/** Which of the words has them. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const SHIFT = 20 - PRECISION;
const FIRST = placeOf(LOWEST);

function placeOf(value: number): number {
  number[0] = value;
  return (words[HIGH] as number) >>> SHIFT;
}

/** In the middle of a place's part. */
function valueAt(place: number): number {
  words[HIGH] = (place + FIRST) << SHIFT;
  words[1 - HIGH] = 0;
  const from = number[0] as number;
  words[HIGH] = (place + FIRST + 1) << SHIFT;
  return (from + (number[0] as number)) / 2;
}

/**
 * How long something took, over and over, counted in parts of octaves, as HdrHistogram does. Node's own (`createHistogram`)
 * costs twice as much to record into and four times as much to read: with 50 definitions that was 2 ms.
 */
export class Histogram {
  count = 0;
  readonly #counts = new Float64Array(PARTS);
  #sum = 0;
  #max = 0;
  /** Places that are in use. */
  #from = PARTS;
  #to = 0;

  /** In milliseconds. */
  record(value: number): void {
    const place = value <= LOWEST ? 0 : Math.min(placeOf(value) - FIRST, PARTS - 1);
    (this.#counts[place] as number)++;
    this.count++;
    this.#sum += value;
    if (value > this.#max) this.#max = value;
    if (place < this.#from) this.#from = place;
    if (place >= this.#to) this.#to = place + 1;
  }

  /** All that another has recorded. */
  add(other: Histogram): void {
    for (let place = other.#from; place < other.#to; place++) (this.#counts[place] as number) += other.#counts[place] as number;
    this.count += other.count;
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
    this.#from = Math.min(this.#from, other.#from);
    this.#to = Math.max(this.#to, other.#to);
  }

  durations(): Durations {
    const { count } = this;
    if (count === 0) return { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 };
    const [p50, p95, p99] = this.#quantiles([0.5, 0.95, 0.99]) as [number, number, number];
    return { p50, p95, p99, max: this.#max, mean: this.#sum / count };
  }

  /** In one pass; `shares` ascending. By the nearest rank. */
  #quantiles(shares: readonly number[]): number[] {
    const found: number[] = [];
    let seen = 0;
    for (let place = this.#from; place < this.#to && found.length < shares.length; place++) {
      seen += this.#counts[place] as number;
      while (found.length < shares.length && seen >= Math.ceil((shares[found.length] as number) * this.count)) {
        found.push(Math.min(valueAt(place), this.#max));
      }
    }
    return found;
  }
}

import { createHistogram, type IntervalHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Milliseconds, to three significant digits; all 0 when there is nothing. */
export interface Percentiles {
  p50: number;
  p90: number;
  p99: number;
  max: number;
  mean: number;
}

/** Durations of up to a day, as a histogram of high dynamic range. */
export class Latencies {
  readonly #microseconds: RecordableHistogram = createHistogram({ lowest: 1, highest: 86_400e6, figures: 3 });

  /** `ms` in milliseconds. */
  record(ms: number): void {
    this.#microseconds.record(Math.max(1, Math.round(ms * 1_000)));
  }

  percentiles(): Percentiles {
    return percentilesOf(this.#microseconds, 1_000);
  }
}

/** `perMs`: units of the histogram in a millisecond. What is below `offset`, in milliseconds, counts as 0. */
export function percentilesOf(histogram: RecordableHistogram | IntervalHistogram, perMs: number, offset = 0): Percentiles {
  const ms = (value: number) => Math.max(0, value / perMs - offset);
  if (histogram.count === 0) return { p50: 0, p90: 0, p99: 0, max: 0, mean: 0 };
  const at = (percent: number) => ms(histogram.percentile(percent));
  return { p50: at(50), p90: at(90), p99: at(99), max: ms(histogram.max), mean: ms(histogram.mean) };
}

import type { RecordableHistogram } from 'node:perf_hooks';
import { durations, type JobKind, noCounts, noTotals, type Totals } from '../job/kind.js';
import type { JobState } from '../job/state.js';
import type { ThreadStats } from '../threads/runner.js';

/** Percentiles of a duration, in milliseconds, to one part in 100; all 0 before the first. */
export interface Durations {
  p50: number;
  p95: number;
  p99: number;
  max: number;
  mean: number;
}

export interface JobStats {
  /** Jobs in each state now; completed, failed and cancelled as far as they are kept. */
  counts: Record<JobState, number>;
  /** Since the queue was made. When nothing is waiting, delayed or active: added + replayed = completed + failed + cancelled. */
  totals: Totals;
  /** From ready to started. */
  waitTime: Durations;
  /** From started to ended, of every attempt that was not interrupted. */
  runTime: Durations;
}

export interface QueueStats extends JobStats {
  /** How long the job that waits longest has waited since it was ready, in milliseconds, to 1 part in 50 or 1 ms; 0 when none does. */
  oldestWaiting: number;
  threads: ThreadStats;
  byName: Record<string, JobStats>;
}

/** The numbers of a queue, from what its kinds of jobs have counted. */
export function queueStats(kinds: Iterable<JobKind>, threads: ThreadStats, oldestWaiting: number): QueueStats {
  const all = [...kinds];
  return {
    counts: sum(
      noCounts(),
      all.map(({ counts }) => counts),
    ),
    totals: sum(
      noTotals(),
      all.map(({ totals }) => totals),
    ),
    threads,
    oldestWaiting,
    waitTime: percentiles(merged(all.map(({ waitTime }) => waitTime))),
    runTime: percentiles(merged(all.map(({ runTime }) => runTime))),
    byName: Object.fromEntries(all.map((kind) => [kind.definition.name, statsOf(kind)])),
  };
}

function statsOf({ counts, totals, waitTime, runTime }: JobKind): JobStats {
  return { counts: { ...counts }, totals: { ...totals }, waitTime: percentiles(waitTime), runTime: percentiles(runTime) };
}

function sum<Numbers extends object>(zeros: Numbers, parts: readonly Numbers[]): Numbers {
  const total = zeros as Record<string, number>;
  for (const part of parts) for (const [key, value] of Object.entries(part)) total[key] = (total[key] ?? 0) + (value as number);
  return zeros;
}

function merged(parts: readonly RecordableHistogram[]): RecordableHistogram {
  const all = durations();
  for (const part of parts) all.add(part);
  return all;
}

function percentiles(microseconds: RecordableHistogram): Durations {
  if (microseconds.count === 0) return { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 };
  const ms = (value: number) => value / 1_000;
  return {
    p50: ms(microseconds.percentile(50)),
    p95: ms(microseconds.percentile(95)),
    p99: ms(microseconds.percentile(99)),
    max: ms(microseconds.max),
    mean: ms(microseconds.mean),
  };
}

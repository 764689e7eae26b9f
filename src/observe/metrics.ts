import { type Durations, Histogram } from '../job/histogram.js';
import { type Counts, type JobKind, noTotals, type Totals } from '../job/kind.js';
import type { JobState } from '../job/state.js';
import type { ThreadStats } from '../threads/runner.js';
import type { Clock } from '../time/clock.js';
import { type GroupPlaces, type GroupStats, groupsAsked, largestGroups, type StatsOptions } from './group-stats.js';

/** Numbers of the jobs of a queue, or of one definition. */
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

/** What `stats()` gives: the numbers of a queue at a moment. */
export interface QueueStats extends JobStats {
  /** How long the job that waits longest has waited since it was ready, in milliseconds, to 1 part in 50 or 1 ms; 0 when none does. */
  oldestWaiting: number;
  threads: ThreadStats;
  /** Of each definition that the queue knows, by its name. */
  byName: Record<string, JobStats>;
  /** The largest groups, as many as were asked for. */
  groups?: GroupStats[];
}

/** Who knows the numbers of a queue. */
interface Counting extends GroupPlaces {
  readonly clock: Clock;
  readonly register: { readonly kinds: Iterable<JobKind>; readonly counts: Counts };
  readonly runner: GroupPlaces['runner'] & { readonly stats: ThreadStats };
}

/** The numbers of a queue, from what its kinds of jobs have counted: it walks definitions, and never jobs. Throws `OptionsError`. */
export function queueStats(parts: Counting, options: StatsOptions): QueueStats {
  const { clock, register, waiting, runner } = parts;
  const asked = groupsAsked(options);
  const oldestWaiting = Math.max(0, clock.now() - (waiting.oldest ?? clock.now()));
  const stats = { counts: { ...register.counts }, ...sumsOf(register.kinds), threads: runner.stats, oldestWaiting };
  return asked === undefined ? stats : { ...stats, groups: largestGroups(asked, parts) };
}

/** What kinds of jobs have counted, of all and of each. */
export function sumsOf(kinds: Iterable<JobKind>): Omit<JobStats, 'counts'> & { byName: Record<string, JobStats> } {
  const totals = noTotals();
  const waitTime = new Histogram();
  const runTime = new Histogram();
  const byName: Record<string, JobStats> = {};
  for (const kind of kinds) {
    for (const name of TOTALS) totals[name] += kind.totals[name];
    waitTime.add(kind.waitTime);
    runTime.add(kind.runTime);
    const durations = { waitTime: kind.waitTime.durations(), runTime: kind.runTime.durations() };
    byName[kind.definition.name] = { counts: { ...kind.counts }, totals: { ...kind.totals }, ...durations };
  }
  return { totals, waitTime: waitTime.durations(), runTime: runTime.durations(), byName };
}

const TOTALS = Object.keys(noTotals()) as (keyof Totals)[];

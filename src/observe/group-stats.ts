import TinyQueue from 'tinyqueue';
import { type Check, checked, object, optional, whole } from '../checks/checks.js';
import type { JobRecord } from '../job/record.js';
import type { Delays } from '../waiting/delays.js';
import type { WaitingJobs } from '../waiting/waiting-jobs.js';

/** What `stats` is asked beside the numbers of the queue. */
export interface StatsOptions {
  /** So many groups: those of which most jobs live. Default none. */
  groups?: number;
}

/** How many jobs of a group live, of all definitions. */
export interface GroupStats {
  /** Its key; `undefined`: all jobs without a group, which are one. */
  group: string | undefined;
  counts: { delayed: number; waiting: number; active: number };
}

/** Where living jobs are. */
export interface GroupPlaces {
  readonly waiting: WaitingJobs;
  readonly delays: Delays;
  readonly runner: { active(): readonly object[] };
}

const asked: Check<StatsOptions> = object({ groups: optional(whole) });

/** How many groups are asked for, if any are. Throws `OptionsError`. */
export function groupsAsked(options: StatsOptions): number | undefined {
  return checked(asked, options, 'stats').groups;
}

/** The groups of which most jobs live, the largest first. It walks the groups that wait, and the jobs that are delayed or active. */
export function largestGroups(most: number, { waiting, delays, runner }: GroupPlaces): GroupStats[] {
  if (waiting.inTurns.length === 0) return [];
  const all = new Map<string | undefined, GroupStats['counts']>();
  const count = (group: string | undefined, state: keyof GroupStats['counts'], jobs: number) => {
    const counts = all.get(group) ?? { delayed: 0, waiting: 0, active: 0 };
    counts[state] += jobs;
    all.set(group, counts);
  };
  for (const { turns } of waiting.inTurns) for (const [group, jobs] of turns?.sizes() ?? []) count(group, 'waiting', jobs);
  for (const { group } of delays) count(group, 'delayed', 1);
  for (const { group } of runner.active() as JobRecord[]) count(group, 'active', 1);
  const largest = new TinyQueue<GroupStats>([], (a, b) => livingOf(a) - livingOf(b));
  for (const [group, counts] of all) {
    largest.push({ group, counts });
    if (largest.length > most) largest.pop();
  }
  return largest.data.sort((a, b) => livingOf(b) - livingOf(a));
}

function livingOf({ counts: { delayed, waiting, active } }: GroupStats): number {
  return delayed + waiting + active;
}

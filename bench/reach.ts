import { median, ratios } from './measure.js';
import type { Group, Report } from './result.js';

/** A target of the benchmark, and how far we are. */
export interface Target {
  readonly what: string;
  readonly goal: string;
  /** `undefined`: the report lacks the case, or a value it needs. */
  readonly measured: number | undefined;
  readonly met: boolean | undefined;
}

/** Rivals of threadmill among the names of a group: not itself, not the bounds. */
const isRival = (name: string) => name !== 'threadmill' && !name.startsWith('raw ');

/** All targets, as the report sees them. Ratios are medians of the rounds' ratios, and above 1 threadmill is ahead. */
export function targets(report: Report): Target[] {
  const find = (part: string) =>
    Object.values(report.cases)
      .flat()
      .find((group) => group.name.startsWith(part));
  const targets: Target[] = [];
  const check = (what: string, sign: '≥' | '≤' | '<', bound: number, measured: number | undefined) =>
    targets.push({ what, goal: `${sign} ${bound}`, measured, met: measured === undefined ? undefined : compare(measured, sign, bound) });

  for (const [load, goal] of [
    ['closed loop of 256', 7],
    ['flood of 100 000', 6],
  ] as const) {
    const group = find(`no-op, ${load}`);
    check(`no-op, ${load}: times Piscina`, '≥', goal, against(group, 'piscina'));
    check(`no-op, ${load}: times the fastest other peer`, '≥', 4, againstFastest(group, 'piscina'));
    check(`no-op, ${load}: share of raw postMessage in batches`, '≥', 0.5, against(group, 'raw postMessage in batches of 64'));
  }
  for (const load of ['closed loop of 256', 'flood']) {
    check(`50 µs of work, ${load}: times the fastest peer`, '≥', 1.5, againstFastest(find(`50 µs of work, ${load}`)));
    check(`1 ms of work, ${load}: times the fastest peer`, '≥', 0.98, againstFastest(find(`1 ms of work, ${load}`)));
    check(`10 ms of work, ${load}: times the fastest peer`, '≥', 0.98, againstFastest(find(`10 ms of work, ${load}`)));
  }
  check('one job on an idle queue, p50: Piscina latencies', '≤', 1.15, inverse(against(find('one job on an idle queue, p50'), 'piscina')));
  check(
    'one job on an idle queue, p50: workerpool latencies',
    '≤',
    1.1,
    inverse(against(find('one job on an idle queue, p50'), 'workerpool')),
  );
  check('overshoot past the limit, p99, ms', '<', 10, ours(find('overshoot past the limit, p99')));
  check('caller told of the kill → next job started, ms', '<', 5, ours(find('caller told of the kill')));
  check('the same, without `jobs`', '<', 5, medianOf(find('caller told of the kill'), 'threadmill, jobs: []'));
  check('a thread boots: times a bare worker', '≤', 1.15, inverse(against(find('a thread boots'), 'bare worker')));
  check('the same, with zod in its module', '≤', 1.15, inverse(against(find('a thread boots, with zod'), 'bare worker')));
  // 70 ms on the machine where the goal was set, and where a bare worker took 30.
  check('processor time of a kill: times a bare worker', '≤', 2.33, inverse(against(find('processor time of a kill'), 'bare worker')));
  check('first result of a cold process: times Piscina', '≤', 1.5, inverse(against(find('first result of a cold process'), 'piscina')));
  const withZod = find('first result of a cold process, with zod');
  check('the same, with zod in its module', '≤', 1.5, inverse(against(withZod, 'piscina')));
  const loadingToo = 'piscina, the module in the main thread too';
  check('the same, where the main thread of Piscina loads the module too', '≤', 1.5, inverse(against(withZod, loadingToo)));
  check('import of the package, beyond zod, ms', '≤', 40, beyond(find('import'), 'zod'));
  check('memory of a thread, beyond a bare worker, MiB', '≤', 2, beyond(find('memory of a thread'), 'bare worker'));
  for (const priorities of ['10 priorities', 'all priorities distinct']) {
    check(`a million wait, ${priorities}: bytes beyond the input`, '<', 500, medianOf(findWaiting(find, 'memory'), priorities));
    check(`a million wait, ${priorities}: µs to add and take, beyond running`, '<', 3, addAndTake(find, priorities));
  }
  check('a million wait: stats() of 50 definitions, p99, ms', '<', 1, medianOf(findWaiting(find, 'to look'), 'stats() of 50 definitions'));
  check(
    'RSS over the jobs: end over first tenth',
    '≤',
    1.05,
    growth(find('RSS over 1 000 000 jobs, threadmill') ?? find('RSS over 200 000 jobs, threadmill')),
  );
  check('RSS over the kills: end over first tenth', '≤', 1.05, growth(find('RSS over 1000 kills') ?? find('RSS over 100 kills')));
  const inGroups = find('100 000 jobs in groups: all of it') ?? find('20 000 jobs in groups: all of it');
  check('a group each: times the time of no groups', '≤', 1.3, timesOf(inGroups, 'a group each', 'no groups'));
  check('estimateWait, 64 at a time, p50: off by a factor of', '≤', 1.5, medianOf(find('estimateWait is off'), '64 at a time'));
  for (const [group, name, goal] of [
    ['no-op, instrumented without an SDK', 'no SDK', 0.97],
    ['no-op with telemetry', 'metrics', 0.5],
    ['no-op with telemetry', '1 of 100 traced', 0.5],
    ['no-op, every job traced', 'metrics and traces', 0.5],
  ] as const)
    check(`no-op, ${name}: share of the throughput without`, '≥', goal, inverse(against(find(group), `threadmill, ${name}`)));
  return targets;
}

type Find = (part: string) => Group | undefined;

function compare(value: number, sign: '≥' | '≤' | '<', bound: number): boolean {
  if (sign === '≥') return value >= bound;
  return sign === '≤' ? value <= bound : value < bound;
}

function against(group: Group | undefined, other: string): number | undefined {
  return group && median(ratios(group, other));
}

/** The least of the ratios to all rivals, leaving one out. */
function againstFastest(group: Group | undefined, but?: string): number | undefined {
  const rivals = Object.keys(group?.rounds ?? {}).filter((name) => isRival(name) && name !== but);
  return group && Math.min(...rivals.map((name) => median(ratios(group, name))));
}

function inverse(ratio: number | undefined): number | undefined {
  return ratio && 1 / ratio;
}

function ours(group: Group | undefined): number | undefined {
  return medianOf(group, 'threadmill');
}

/** How much more ours is. */
function beyond(group: Group | undefined, other: string): number | undefined {
  return group && median((group.rounds.threadmill ?? []).map((value, round) => value - (group.rounds[other]?.[round] ?? Number.NaN)));
}

function medianOf(group: Group | undefined, name: string): number | undefined {
  const values = group?.rounds[name];
  return values && median(values);
}

function findWaiting(find: Find, what: string): Group | undefined {
  return find(`1 000 000 jobs wait: ${what}`) ?? find(`200 000 jobs wait: ${what}`);
}

/** To add, and what taking costs more than with next to nothing waiting: running and ending a job is not what this measures. */
function addAndTake(find: Find, priorities: string): number | undefined {
  const add = medianOf(findWaiting(find, 'to add'), priorities);
  const drain = medianOf(findWaiting(find, 'to take'), priorities);
  const shallow = medianOf(findWaiting(find, 'to take'), 'never more than 1 000 waiting');
  if (add === undefined || drain === undefined || shallow === undefined) return undefined;
  return add + Math.max(0, drain - shallow);
}

/** Median of the rounds' ratios of two contenders. */
function timesOf(group: Group | undefined, one: string, other: string): number | undefined {
  const others = group?.rounds[other];
  const values = others && group.rounds[one]?.map((value, round) => value / (others[round] as number));
  return values && median(values);
}

function growth(group: Group | undefined): number | undefined {
  const first = medianOf(group, 'after the first tenth');
  const end = medianOf(group, 'at the end');
  return first && end && end / first;
}

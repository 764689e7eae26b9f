import { setTimeout as sleep } from 'node:timers/promises';
import * as definitions from '../jobs/definitions.js';
import { now } from '../jobs/work.js';
import { interleave, quantile } from '../measure.js';
import { closeAll } from '../peers/close.js';
import { KILL_AFTER, type Killer, killers } from '../peers/killers.js';
import { openQueue } from '../peers/threadmill.js';
import type { Case, Group, Settings } from '../result.js';
import { rssAlong } from '../rss.js';

/** Time for a new thread to boot between two kills, in milliseconds: each begins from rest. Who can say so is waited for longer. */
const REST = 300;

/** Jobs that never end, and a limit of 50 ms. */
export const kill: Case = async (settings) => {
  const memory = await rssOverKills(settings.quick ? 100 : 1_000);
  const names = ['overshoot past the limit, p50', 'overshoot past the limit, p99'];
  return [
    ...(await compare(2, names, settings, overshoot)),
    ...(await compare(1, ['caller told of the kill → next job started, p50', 'limit expired → next job started, p50'], settings, toNext)),
    memory,
  ];
};

/** One value of one kill, or two. */
type Sample = (killer: Killer) => Promise<number[]>;

async function compare(threads: number, names: string[], { quick, rounds }: Settings, sample: Sample): Promise<Group[]> {
  const open = await Promise.all(Object.entries(killers).map(async ([name, open]) => ({ name, killer: await open(threads) })));
  const samples = quick ? 4 : 15;
  const runners = open.map(({ name, killer }) => ({
    name,
    round: async () => summary(names, await inTurn(samples, killer, sample)),
  }));
  const values = await interleave(runners, Math.min(rounds, 5));
  await closeAll(open.map(({ killer }) => killer));
  return names.map((name, at) => ({ name, unit: 'ms', rounds: values[at] ?? {}, compare: true }));
}

/** The quantile that each group's name promises, of its value. */
function summary(names: readonly string[], samples: readonly number[][]): number[] {
  const of = (at: number) => samples.map((values) => values[at] as number);
  return names.map((name, at) => quantile(of(at), name.endsWith('p99') ? 0.99 : 0.5));
}

async function inTurn(count: number, killer: Killer, sample: Sample): Promise<number[][]> {
  const samples: number[][] = [];
  for (let i = 0; i < count; i++) {
    do await sleep(REST);
    while (killer.isBooting?.());
    samples.push(await sample(killer));
  }
  return samples;
}

/** From when the job should have been over to when its caller knows. */
const overshoot: Sample = async (killer) => {
  const { started, over } = await runForever(killer);
  const late = over - started - KILL_AFTER;
  return [late, late];
};

/** With one thread, how long the next job waits. */
const toNext: Sample = async (killer) => {
  const killed = runForever(killer);
  const next = await killer.startedAt();
  const { started, over } = await killed;
  return [next - over, next - started - KILL_AFTER];
};

async function runForever(killer: Killer): Promise<{ started: number; over: number }> {
  const started = new SharedArrayBuffer(8);
  await killer.forever(started).then(undefined, () => {});
  const over = now();
  return { started: new Float64Array(started)[0] as number, over };
}

/** Threads that die may leave nothing behind. The limit is short, for the count is what matters. */
async function rssOverKills(kills: number): Promise<Group> {
  const queue = await openQueue();
  const started = new SharedArrayBuffer(8);
  const one = () => queue.run(definitions.forever, { started }, { timeout: 5 }).catch(() => {});
  const rounds = await rssAlong(kills, 2, one);
  await queue.close();
  return { name: `RSS over ${kills} kills`, unit: 'MiB', rounds, compare: false };
}

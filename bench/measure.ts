import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobQueue } from 'threadmill';
import type { Group } from './result.js';

/** One round of one contender gives one value or, in the order of the groups it belongs to, several. */
export interface Runner {
  readonly name: string;
  round(): Promise<number[]>;
}

/**
 * Rounds in turn (A B C, B C A, …): what disturbs the machine for a while disturbs all alike, and nobody always runs first.
 * Each runner has a round to warm up that does not count. Gives, by value of a round, the values of each runner.
 */
export async function interleave(runners: readonly Runner[], rounds: number): Promise<Group['rounds'][]> {
  const values: Group['rounds'][] = [];
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      const { name, round: run } = runners[(turn + round + 1) % runners.length] as Runner;
      await settle();
      const measured = await run();
      if (round >= 0) for (const [at, value] of measured.entries()) keep(values, at, name, value);
    }
  }
  return values.map((rounds) => inOrder(rounds, runners));
}

function keep(values: Group['rounds'][], at: number, name: string, value: number): void {
  values[at] ??= {};
  const kept = values[at];
  kept[name] ??= [];
  kept[name].push(value);
}

/** The runners' order, not the one in which the first round went. */
function inOrder(rounds: Group['rounds'], runners: readonly Runner[]): Group['rounds'] {
  return Object.fromEntries(runners.filter(({ name }) => name in rounds).map(({ name }) => [name, rounds[name] as number[]]));
}

/** Garbage of the round before is not the next one's cost. */
export async function settle(): Promise<void> {
  collect();
  await sleep(20);
}

/** Collects garbage; the processes of the cases run with `--expose-gc`. */
export function collect(): void {
  globalThis.gc?.();
}

/** Milliseconds a piece of work takes. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Value below which the share of the values lies, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How many times threadmill's value another contender's is, round by round: above 1 threadmill is ahead. */
export function ratios({ rounds }: Group, other: string): number[] {
  const ours = rounds.threadmill ?? [];
  return (rounds[other] ?? []).map((value, round) => value / (ours[round] ?? Number.NaN));
}

// --- Jobs that wait

/** Adds jobs with the numbers below `jobs`, and waits for the last of them to be in. */
export async function fillWith(jobs: number, add: (n: number) => Promise<unknown>): Promise<void> {
  for (let n = 1; n < jobs; n++) void add(n);
  await add(0);
}

/** Lets a paused queue run until nothing is left. */
export async function drained(queue: JobQueue): Promise<void> {
  const over = once(queue as never, 'drained');
  queue.resume();
  await over;
}

/** Bytes in use, of this thread. */
export function heap(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Of one `{ n }`, as V8 keeps it. */
export function inputBytes(): number {
  const before = heap();
  const inputs = Array.from({ length: 100_000 }, (_, n) => ({ n }));
  return (heap() - before) / inputs.length - 8;
}

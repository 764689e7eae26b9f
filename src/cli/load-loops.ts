import { setTimeout as sleep } from 'node:timers/promises';

/** Starts a job and resolves when it has ended, however. `intended`: when it was to start, on `performance.now()`. */
export type Fire = (intended: number) => Promise<void>;

/** How long a load lasts: whichever comes first. */
export interface Extent {
  /** Milliseconds. */
  readonly duration: number;
  /** Jobs. */
  readonly count: number;
  readonly signal: AbortSignal;
}

/** `callers` jobs are there at any time: when one has ended the next is started. Resolves when all have ended. */
export async function closedLoop(fire: Fire, callers: number, { duration, count, signal }: Extent): Promise<void> {
  const end = performance.now() + duration;
  let started = 0;
  const caller = async () => {
    for (let now = performance.now(); now < end && !signal.aborted && started < count; now = performance.now()) {
      started++;
      await fire(now);
    }
  };
  await Promise.all(Array.from({ length: Math.min(callers, count) }, caller));
}

/** Most jobs of an open loop that are in the queue; of more, only the intended start is kept. */
const MAX_IN_FLIGHT = 10_000;

/** What did not end: its intended starts, and when it was given up; on `performance.now()`. */
export interface Unfinished {
  readonly intended: readonly number[];
  readonly until: number;
}

/**
 * Jobs arrive at `rate` a second at even distances, whether or not earlier ones have ended. After the last one has
 * arrived, waits for those in flight, for another `duration` at most. A timer ticks every millisecond: a job may be
 * started that much late, which its latency includes, because that counts from the intended start.
 */
export async function openLoop(fire: Fire, rate: number, { duration, count, signal }: Extent): Promise<Unfinished> {
  const begin = performance.now();
  const total = Math.min(count, Math.max(1, Math.floor((duration * rate) / 1_000)));
  const patience = begin + 2 * (total / rate) * 1_000 + 1_000;
  const intendedAt = (n: number) => begin + (n * 1_000) / rate;
  const flying = new Set<number>();
  let next = 0;
  for (let now = begin; now < patience && !signal.aborted && (next < total || flying.size > 0); now = performance.now()) {
    for (; next < total && intendedAt(next) <= now && flying.size < MAX_IN_FLIGHT; next++) {
      const intended = intendedAt(next);
      flying.add(intended);
      void fire(intended).then(() => flying.delete(intended));
    }
    await sleep(1);
  }
  const until = performance.now();
  const waiting = Array.from({ length: total - next }, (_, n) => intendedAt(next + n));
  return { intended: [...flying, ...waiting.filter((intended) => intended <= until)], until };
}

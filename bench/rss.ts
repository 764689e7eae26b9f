import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from './measure.js';
import type { Group } from './result.js';

/**
 * Runs `count` jobs, `callers` at a time. Gives the process's memory in MiB after the first tenth, halfway and at the end,
 * garbage collected. As many as that tenth go before, to warm up: V8's young generation counts only when all of it has been used.
 */
export async function rssAlong(count: number, callers: number, run: () => PromiseLike<unknown>): Promise<Group['rounds']> {
  await repeat(count / 10, callers, run);
  await rss();
  await repeat(count / 10, callers, run);
  const first = await rss();
  await repeat((count * 4) / 10, callers, run);
  const half = await rss();
  await repeat(count / 2, callers, run);
  return { 'after the first tenth': [first], halfway: [half], 'at the end': [await rss()] };
}

async function repeat(count: number, callers: number, run: () => PromiseLike<unknown>): Promise<void> {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function rss(): Promise<number> {
  await sleep(1_500);
  collect();
  await sleep(500);
  collect();
  return process.memoryUsage.rss() / 1_048_576;
}

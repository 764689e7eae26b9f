import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from './measure.js';
import type { Group } from './result.js';

const MIB = 1_048_576;

/**
 * Runs `count` jobs, `callers` at a time. Gives the process's memory in MiB after the first tenth, halfway and at the end, and
 * what of it is in use in the main thread's heap, garbage collected. As many as that tenth go before, to warm up.
 */
export async function rssAlong(count: number, callers: number, run: () => PromiseLike<unknown>): Promise<Group['rounds']> {
  await repeat(count / 10, callers, run);
  await memory();
  await repeat(count / 10, callers, run);
  const first = await memory();
  await repeat((count * 4) / 10, callers, run);
  const half = await memory();
  await repeat(count / 2, callers, run);
  const end = await memory();
  return {
    'after the first tenth': [first.rss],
    halfway: [half.rss],
    'at the end': [end.rss],
    'heap of the main thread, after the first tenth': [first.heap],
    'heap of the main thread, halfway': [half.heap],
    'heap of the main thread, at the end': [end.heap],
  };
}

async function repeat(count: number, callers: number, run: () => PromiseLike<unknown>): Promise<void> {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function memory(): Promise<{ rss: number; heap: number }> {
  await sleep(1_500);
  collect();
  await sleep(500);
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rss: rss / MIB, heap: heapUsed / MIB };
}

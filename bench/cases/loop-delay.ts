import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { spin } from '../jobs/definitions.js';
import { closedLoop, flood } from '../loops.js';
import { interleave } from '../measure.js';
import { closeAll } from '../peers/close.js';
import { piscina } from '../peers/piscina.js';
import { openQueue, threadmill } from '../peers/threadmill.js';
import type { Case, Group } from '../result.js';

/** Of the monitor's timer, in milliseconds: what it measures includes this much. */
const RESOLUTION = 1;

/** What the main thread pays: how late its timers are while no-op jobs run through. */
export const loopDelay: Case = async ({ quick, rounds }) => {
  const open = await Promise.all([threadmill, piscina].map(async ({ name, open }) => ({ name, peer: await open(2) })));
  const jobs = quick ? 20_000 : 100_000;
  const runners = open.map(({ name, peer }) => ({
    name,
    round: async () => [
      ...(await delayWhile(() => flood(peer, 'noop', (n) => ({ n }), jobs))),
      ...(await delayWhile(() => closedLoop(peer, 'noop', (n) => ({ n }), jobs))),
    ],
  }));
  const values = await interleave(runners, Math.min(rounds, 5));
  await closeAll(open.map(({ peer }) => peer));
  const names = ['flood, p99', 'flood, max', 'closed loop of 256, p99', 'closed loop of 256, max'];
  const noops = names.map(
    (name, at) => ({ name: `event loop delay, ${name}`, unit: 'ms', rounds: values[at] ?? {}, compare: true }) as const,
  );
  return [...noops, await whileComputing(quick, rounds)];
};

/** What it pays where all cores compute, and what is left where threads yield to it; `worker.niceIncrement` needs `@napi-rs/nice`. */
async function whileComputing(quick: boolean, rounds: number): Promise<Group> {
  const threads = availableParallelism();
  const options = { 'niceIncrement: 0': {}, 'niceIncrement: 10': { niceIncrement: 10 } };
  const open = await Promise.all(
    Object.entries(options).map(async ([name, worker]) => ({ name, queue: await openQueue({ threads, worker }) })),
  );
  const runners = open.map(({ name, queue }) => ({
    name: `threadmill, ${name}`,
    round: async () => {
      const jobs = Array.from({ length: (quick ? 20 : 100) * threads }, () => ({ iterations: 10_000_000 }));
      const [p99 = Number.NaN] = await delayWhile(async () => Promise.all((await queue.addBulk(spin, jobs)).map((job) => job.result())));
      return [p99];
    },
  }));
  const [delays = {}] = await interleave(runners, Math.min(rounds, 5));
  await closeAll(open.map(({ queue }) => queue));
  return { name: `event loop delay while ${threads} threads compute, p99`, unit: 'ms', rounds: delays, compare: false };
}

async function delayWhile(load: () => Promise<unknown>): Promise<number[]> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  await load();
  histogram.disable();
  return [histogram.percentile(99), histogram.max].map((nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION));
}

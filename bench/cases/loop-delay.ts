import { monitorEventLoopDelay } from 'node:perf_hooks';
import { closedLoop, flood } from '../loops.js';
import { interleave } from '../measure.js';
import { closeAll } from '../peers/close.js';
import { piscina } from '../peers/piscina.js';
import { threadmill } from '../peers/threadmill.js';
import type { Case } from '../result.js';

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
  return names.map((name, at) => ({ name: `event loop delay, ${name}`, unit: 'ms', rounds: values[at] ?? {}, compare: true }));
};

async function delayWhile(load: () => Promise<unknown>): Promise<number[]> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  await load();
  histogram.disable();
  return [histogram.percentile(99), histogram.max].map((nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION));
}

import { setImmediate as turn } from 'node:timers/promises';
import { interleave, quantile } from '../measure.js';
import { bounds, plain } from '../peers/all.js';
import { closeAll } from '../peers/close.js';
import type { Peer } from '../peers/peer.js';
import { piscinaDisabled } from '../peers/piscina.js';
import type { Case } from '../result.js';

/** One job at a time, and the queue has come to rest before the next: from the call to its result, in µs. */
export const latency: Case = async ({ quick, rounds }) => {
  const contenders = [...plain, piscinaDisabled, ...bounds];
  const open = await Promise.all(contenders.map(async ({ name, open }) => ({ name, peer: await open(2) })));
  const jobs = quick ? 500 : 2_000;
  const runners = open.map(({ name, peer }) => ({ name, round: () => oneByOne(peer, jobs) }));
  const [p50, p99] = await interleave(runners, rounds);
  await closeAll(open.map(({ peer }) => peer));
  return [
    { name: 'one job on an idle queue, p50', unit: 'µs', rounds: p50 ?? {}, compare: true },
    { name: 'one job on an idle queue, p99', unit: 'µs', rounds: p99 ?? {}, compare: true },
  ];
};

async function oneByOne(peer: Peer, jobs: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < jobs; n++) {
    const start = performance.now();
    await peer.run('noop', { n });
    times.push((performance.now() - start) * 1_000);
    await turn();
  }
  return [quantile(times, 0.5), quantile(times, 0.99)];
}

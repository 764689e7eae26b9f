import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { closedLoop } from '../loops.js';
import { interleave, time } from '../measure.js';
import { closeAll } from '../peers/close.js';
import type { Peer } from '../peers/peer.js';
import { piscina } from '../peers/piscina.js';
import { threadmill } from '../peers/threadmill.js';
import type { Case, Group, Settings } from '../result.js';

const THREADS = [1, 2, 4];

/** The same load at one, two and four threads. */
export const scaling: Case = async (settings) => {
  const iterations = Math.round(1_000 * iterationsPerMicrosecond());
  const { quick } = settings;
  return [
    await byThreads('1 ms of work by threads', settings, quick ? 400 : 1_000, (peer, jobs) =>
      closedLoop(peer, 'spin', () => ({ iterations }), jobs),
    ),
    await byThreads('no-op by threads', settings, quick ? 5_000 : 30_000, (peer, jobs) => closedLoop(peer, 'noop', (n) => ({ n }), jobs)),
  ];
};

async function byThreads(
  name: string,
  { rounds }: Settings,
  jobs: number,
  load: (peer: Peer, jobs: number) => Promise<unknown>,
): Promise<Group> {
  const teams = [threadmill, piscina].flatMap((contender) => THREADS.map((threads) => ({ contender, threads })));
  const open = await Promise.all(
    teams.map(async ({ contender, threads }) => ({ name: `${contender.name}, ${threads}`, peer: await contender.open(threads) })),
  );
  const runners = open.map(({ name, peer }) => ({
    name,
    round: async () => [((await time(() => load(peer, jobs))) * 1_000) / jobs],
  }));
  const [values] = await interleave(runners, Math.min(rounds, 5));
  await closeAll(open.map(({ peer }) => peer));
  return { name, unit: 'µs a job', rounds: values ?? {}, compare: false };
}

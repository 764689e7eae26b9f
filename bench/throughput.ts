import type { WorkInput, WorkName } from './jobs/work.js';
import type { closedLoop } from './loops.js';
import { interleave, time } from './measure.js';
import { closeAll } from './peers/close.js';
import type { Contender } from './peers/peer.js';
import type { Group } from './result.js';

export interface Throughput<Name extends WorkName> {
  readonly name: string;
  readonly contenders: readonly Contender[];
  readonly load: typeof closedLoop;
  readonly work: Name;
  readonly input: (n: number) => WorkInput<Name>;
  /** In one round. */
  readonly jobs: number;
  readonly rounds: number;
  /** Jobs there at any time in a closed loop. */
  readonly callers?: number;
}

/** How long all contenders need for the same jobs at two threads, by job. */
export async function throughput<Name extends WorkName>(options: Throughput<Name>): Promise<Group> {
  const { name, contenders, load, work, input, jobs, rounds, callers } = options;
  const open = await Promise.all(contenders.map(async (contender) => ({ name: contender.name, peer: await contender.open(2) })));
  const runners = open.map(({ name, peer }) => ({
    name,
    round: async () => [((await time(() => load(peer, work, input, jobs, callers))) * 1_000) / jobs],
  }));
  const [values] = await interleave(runners, rounds);
  await closeAll(open.map(({ peer }) => peer));
  return { name, unit: 'µs a job', rounds: values ?? {}, compare: true };
}

import { closedLoop } from '../loops.js';
import { plain } from '../peers/all.js';
import type { Case, Group } from '../result.js';
import { throughput } from '../throughput.js';

const MIB = 1_048_576;

interface Payload {
  readonly name: string;
  readonly payload: unknown;
  readonly jobs: number;
  readonly callers: number;
}

const PAYLOADS: readonly Payload[] = [
  { name: 'object of five fields', payload: { id: 1, name: 'a name', tags: ['a', 'b'], at: 1.5, done: false }, jobs: 20_000, callers: 256 },
  { name: 'string of 1 KiB', payload: 'x'.repeat(1_024), jobs: 20_000, callers: 256 },
  { name: 'Buffer of 1 MiB, copied', payload: Buffer.alloc(MIB), jobs: 500, callers: 16 },
  { name: 'SharedArrayBuffer of 1 MiB', payload: new SharedArrayBuffer(MIB), jobs: 10_000, callers: 256 },
];

/** What it costs to carry an input to a thread; the answer is a number. */
export const payload: Case = async ({ quick, rounds }) => {
  const groups: Group[] = [];
  for (const { name, payload, jobs, callers } of PAYLOADS) {
    groups.push(
      await throughput({
        name: `${name}, closed loop of ${callers}`,
        contenders: plain,
        load: closedLoop,
        work: 'measure',
        input: () => ({ payload }),
        jobs: quick ? jobs / 4 : jobs,
        rounds: Math.min(rounds, 5),
        callers,
      }),
    );
  }
  return groups;
};

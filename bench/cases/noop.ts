import { closedLoop, flood } from '../loops.js';
import { bounds, limited, plain } from '../peers/all.js';
import { threadmill } from '../peers/threadmill.js';
import type { Case } from '../result.js';
import { throughput } from '../throughput.js';

const input = (n: number) => ({ n });

/** The price of a job: one that does nothing. */
export const noop: Case = async ({ quick, rounds }) => {
  const shared = { work: 'noop', input } as const;
  const jobs = quick ? 10_000 : 30_000;
  const few = Math.min(rounds, 3);
  const open = [...plain, ...bounds];
  const withLimits = [threadmill, ...limited];
  return [
    await throughput({ ...shared, name: 'no-op, closed loop of 256', contenders: open, load: closedLoop, jobs, rounds }),
    await throughput({
      ...shared,
      name: 'no-op, flood of 100 000',
      contenders: open,
      load: flood,
      jobs: 100_000,
      rounds: quick ? few : rounds,
    }),
    await throughput({ ...shared, name: 'no-op, closed loop of 256, limits', contenders: withLimits, load: closedLoop, jobs, rounds: few }),
    await throughput({
      ...shared,
      name: 'no-op, flood, limits',
      contenders: withLimits,
      load: flood,
      jobs: quick ? 10_000 : 100_000,
      rounds: few,
    }),
  ];
};

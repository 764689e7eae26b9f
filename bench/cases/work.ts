import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { closedLoop, flood } from '../loops.js';
import { plain } from '../peers/all.js';
import { rawBatched } from '../peers/raw-batched.js';
import type { Case, Group } from '../result.js';
import { throughput } from '../throughput.js';

/** Microseconds of work in a job. */
const SIZES = [50, 200, 1_000, 10_000];
const LOADS = { 'closed loop of 256': closedLoop, flood };

/** Jobs that compute: how much of the machine is left for them. */
export const work: Case = async ({ quick, rounds }) => {
  const perMicrosecond = iterationsPerMicrosecond();
  const groups: Group[] = [];
  for (const size of SIZES) {
    const iterations = Math.round(size * perMicrosecond);
    // So many that a round takes at least half a second of two threads, and the last jobs of a round do not weigh.
    const jobs = Math.max(quick ? 60 : 300, Math.round((quick ? 250_000 : 1_500_000) / size));
    for (const [load, run] of Object.entries(LOADS)) {
      const name = `${size < 1_000 ? `${size} µs` : `${size / 1_000} ms`} of work, ${load}`;
      // What messages alone cost: so much is there to win. Long jobs are not for batches.
      const contenders = size < 1_000 ? [...plain, rawBatched] : plain;
      groups.push(await throughput({ name, contenders, load: run, work: 'spin', input: () => ({ iterations }), jobs, rounds }));
    }
  }
  return groups;
};

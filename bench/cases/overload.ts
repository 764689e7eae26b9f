import { setTimeout as sleep } from 'node:timers/promises';
import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { spin } from '../jobs/definitions.js';
import { interleave, median, quantile } from '../measure.js';
import { openQueue } from '../peers/threadmill.js';
import type { Case, Group, Settings } from '../result.js';

/** Of a job, in milliseconds. */
const WORK = 5;
/** Who asked waits no longer than this for the answer, in milliseconds. */
const PATIENCE = 100;

/** More work than the machine can do, and what becomes of those who wait for an answer; and whether the queue knows how long that takes. */
export const overload: Case = async (settings) => [await answers(settings), ...(await estimates(settings))];

// --- Requests come at 1.5 times the rate at which they can be answered, whatever became of those before

async function answers({ quick, rounds }: Settings): Promise<Group> {
  const iterations = Math.round(iterationsPerMicrosecond() * WORK * 1_000);
  const rate = 1.5 * (await capacity(iterations));
  const duration = quick ? 1_000 : 4_000;
  const runners = [
    { name: 'no maxWait', round: () => openLoop(iterations, rate, duration, {}) },
    // What can still be answered in time, and is: the rest is dropped.
    { name: `maxWait ${PATIENCE - 4 * WORK}`, round: () => openLoop(iterations, rate, duration, { maxWait: PATIENCE - 4 * WORK }) },
  ];
  const [late] = await interleave(runners, Math.min(rounds, 3));
  return {
    name: `1.5 times what can be done, answers wanted within ${PATIENCE} ms`,
    unit: '% too late',
    rounds: late ?? {},
    compare: false,
  };
}

/** Jobs that can be run in a millisecond. */
async function capacity(iterations: number): Promise<number> {
  const queue = await openQueue();
  const jobs = 200;
  await Promise.all(Array.from({ length: 20 }, () => queue.run(spin, { iterations })));
  const start = performance.now();
  await Promise.all(Array.from({ length: jobs }, () => queue.run(spin, { iterations })));
  const took = performance.now() - start;
  await queue.close();
  return jobs / took;
}

async function openLoop(iterations: number, rate: number, duration: number, options: { maxWait?: number }): Promise<number[]> {
  const queue = await openQueue();
  const start = performance.now();
  let inTime = 0;
  const asked: Promise<void>[] = [];
  const ask = () => {
    const at = performance.now();
    const answered = () => {
      if (performance.now() - at <= PATIENCE) inTime++;
    };
    // What is dropped is no answer.
    return queue.run(spin, { iterations }, options).then(answered, () => {});
  };
  for (let now = start; now - start < duration; now = performance.now()) {
    while (asked.length < (now - start) * rate) asked.push(ask());
    await sleep(1);
  }
  queue.cancel({ state: 'waiting' });
  await Promise.all(asked);
  await queue.close();
  return [100 * (1 - inTime / asked.length)];
}

// --- What estimateWait says, beside what a job then waits

async function estimates({ quick, rounds }: Settings): Promise<Group[]> {
  const iterations = Math.round(iterationsPerMicrosecond() * WORK * 1_000);
  const queue = await openQueue();
  const samples = quick ? 10 : 40;
  const runners = [16, 64].map((callers) => ({
    name: `${callers} at a time`,
    round: async () => {
      let over = false;
      const caller = async () => {
        while (!over) await queue.run(spin, { iterations });
      };
      const all = Promise.all(Array.from({ length: callers }, caller));
      await sleep(200);
      const factors: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const estimated = queue.estimateWait(spin);
        const job = await queue.add(spin, { iterations });
        await job.result();
        const waited = job.waitTime as number;
        factors.push(Math.max(estimated / waited, waited / estimated));
      }
      over = true;
      await all;
      return [median(factors), quantile(factors, 0.95)];
    },
  }));
  const values = await interleave(runners, Math.min(rounds, 3));
  await queue.close();
  return ['p50', 'p95'].map((name, at) => ({
    name: `estimateWait is off by a factor of, ${name}`,
    unit: 'times',
    rounds: values[at] ?? {},
    compare: false,
  }));
}

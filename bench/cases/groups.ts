import { setTimeout as sleep } from 'node:timers/promises';
import type { JobQueue } from 'threadmill';
import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { grouped, keys, noop, spin } from '../jobs/definitions.js';
import { drained, fillWith, heap, inputBytes, interleave, quantile, time } from '../measure.js';
import { openQueue } from '../peers/threadmill.js';
import type { Case, Group, Settings } from '../result.js';

/** What groups cost a job, and what they save those who share a queue with a flood. */
export const groups: Case = async (settings) => [...(await costs(settings)), ...(await besideFlood(settings))];

// --- What a job costs

async function costs({ quick, rounds }: Settings): Promise<Group[]> {
  const jobs = quick ? 20_000 : 100_000;
  const runners = [0, 1, 1_000, jobs].map((count) => ({ name: named(count, jobs), round: () => fillAndDrain(jobs, count) }));
  const [add, drain, both, bytes] = await interleave(runners, Math.min(rounds, 9));
  const many = jobs.toLocaleString('en').replaceAll(',', ' ');
  const group = (name: string, unit: Group['unit'], values: Group['rounds'] = {}): Group => ({
    name,
    unit,
    rounds: values,
    compare: false,
  });
  return [
    group(`${many} jobs in groups: to add one`, 'µs a job', add),
    group(`${many} jobs in groups: to take, run and end one`, 'µs a job', drain),
    group(`${many} jobs in groups: all of it`, 'µs a job', both),
    group(`${many} jobs in groups: memory beyond the input`, 'bytes a job', bytes),
  ];
}

function named(count: number, jobs: number): string {
  if (count === 0) return 'no groups';
  return count === jobs ? 'a group each' : count === 1 ? 'one group' : '1 000 groups';
}

async function fillAndDrain(jobs: number, count: number): Promise<number[]> {
  keys.length = 0;
  for (let n = 0; n < Math.max(count, 1); n++) keys.push(`user-${n}`);
  const definition = count === 0 ? noop : grouped.noop;
  const queue = await openQueue();
  queue.pause();
  const before = heap();
  const add = await time(() => fillWith(jobs, (n) => queue.add(definition, { n })));
  const bytes = (heap() - before) / jobs - inputBytes();
  const drain = await time(() => drained(queue));
  await queue.close();
  return [(add * 1_000) / jobs, (drain * 1_000) / jobs, ((add + drain) * 1_000) / jobs, bytes];
}

// --- A user beside one who floods

/** How long a job of somebody waits for its start, while another has very many waiting that take 1 ms each. */
async function besideFlood({ quick, rounds }: Settings): Promise<Group[]> {
  const iterations = Math.round(iterationsPerMicrosecond() * 1_000);
  const queue = await openQueue({ jobs: [spin, ...Object.values(grouped)] });
  const samples = quick ? 20 : 100;
  const runners = [
    { name: 'no groups', round: () => waits(queue, samples, (user) => queue.add(spin, { iterations, user } as { iterations: number })) },
    { name: 'a group each', round: () => waits(queue, samples, (user) => queue.add(grouped.spin, { iterations, user })) },
  ];
  const values = await interleave(runners, Math.min(rounds, 3));
  await queue.close();
  return ['p50', 'p99'].map((name, at) => ({
    name: `beside 200 waiting jobs of 1 ms of another, wait ${name}`,
    unit: 'ms',
    rounds: values[at] ?? {},
    compare: false,
  }));
}

async function waits(queue: JobQueue, samples: number, add: (user: string) => ReturnType<JobQueue['add']>): Promise<number[]> {
  const waited: number[] = [];
  const flood = async () => {
    while (queue.stats().counts.waiting < 200) await add('flood');
  };
  for (let sample = 0; sample < samples; sample++) {
    await flood();
    const job = await add('small');
    await job.result();
    waited.push(job.waitTime as number);
    await sleep(3);
  }
  queue.cancel({ state: 'waiting' });
  await queue.idle();
  return [quantile(waited, 0.5), quantile(waited, 0.99)];
}

import fastq from 'fastq';
import PQueue from 'p-queue';
import { defineJob, type JobQueue } from 'threadmill';
import { noop } from '../jobs/definitions.js';
import { drained, fillWith, heap, inputBytes, interleave, quantile, time } from '../measure.js';
import { openQueue } from '../peers/threadmill.js';
import type { Case, Group, Settings } from '../result.js';

const PRIORITIES: Record<string, (() => number) | undefined> = {
  'no priorities': undefined,
  '10 priorities': () => Math.floor(Math.random() * 10),
  'all priorities distinct': Math.random,
};

/** Jobs accepted but not started: a paused queue is filled, then drained. */
export const waiting: Case = async (settings) => {
  const jobs = settings.quick ? 200_000 : 1_000_000;
  return [...(await deep(jobs, settings)), ...(await againstQueues(settings))];
};

// --- A million jobs

async function deep(jobs: number, { quick }: Settings): Promise<Group[]> {
  const named = Object.entries(PRIORITIES).map(([name, priority]) => ({ name, round: () => fillAndDrain(jobs, priority) }));
  const shallow = { name: 'never more than 1 000 waiting', round: () => inPortions(jobs) };
  const [add, drain, bytes] = await interleave([...named, shallow], quick ? 1 : 3);
  const [stats] = await interleave([{ name: 'stats() of 50 definitions', round: () => statsWhile(jobs) }], 1);
  const many = jobs.toLocaleString('en').replaceAll(',', ' ');
  const group = (name: string, unit: Group['unit'], rounds: Group['rounds'] = {}): Group => ({ name, unit, rounds, compare: false });
  return [
    group(`${many} jobs wait: to add one`, 'µs a job', add),
    group(`${many} jobs wait: to take, run and end one`, 'µs a job', drain),
    group(`${many} jobs wait: memory beyond the input`, 'bytes a job', bytes),
    group(`${many} jobs wait: to look at all`, 'ms', stats),
  ];
}

async function fillAndDrain(jobs: number, priority: (() => number) | undefined): Promise<number[]> {
  const queue = await openQueue();
  queue.pause();
  const before = heap();
  const add = await time(() => fill(queue, jobs, priority));
  const bytes = (heap() - before) / jobs - inputBytes();
  const drain = await time(() => drained(queue));
  await queue.close();
  return [(add * 1_000) / jobs, (drain * 1_000) / jobs, bytes];
}

/** Of 50 definitions: the 99th percentile of many looks, for nobody who collects metrics may hold up the event loop. */
async function statsWhile(jobs: number): Promise<number[]> {
  const kinds = Array.from({ length: 50 }, (_, n) => defineJob({ ...noop, name: `noop-${n}` } as typeof noop));
  const queue = await openQueue({ jobs: [] });
  queue.pause();
  for (const kind of kinds) await queue.addBulk(kind, new Array(jobs / kinds.length).fill({ n: 1 }));
  const times: number[] = [];
  for (let look = 0; look < 1_000; look++) times.push(await time(async () => queue.stats()));
  await queue.close({ drain: 'none' });
  return [quantile(times, 0.99)];
}

/** The same work with nearly nothing waiting: what a job costs anyway. */
async function inPortions(jobs: number): Promise<number[]> {
  const queue = await openQueue();
  let add = 0;
  let drain = 0;
  for (let done = 0; done < jobs; done += 1_000) {
    queue.pause();
    add += await time(() => fill(queue, 1_000, undefined));
    drain += await time(() => drained(queue));
  }
  await queue.close();
  return [(add * 1_000) / jobs, (drain * 1_000) / jobs];
}

function fill(queue: JobQueue, jobs: number, priority: (() => number) | undefined): Promise<void> {
  return fillWith(jobs, (n) => queue.add(noop, { n }, priority && { priority: priority() }));
}

// --- Beside queues without threads, whose jobs are functions

async function againstQueues({ quick }: Settings): Promise<Group[]> {
  const groups: Group[] = [];
  for (const jobs of quick ? [10_000, 30_000] : [10_000, 100_000, 300_000]) {
    const runners = [
      { name: 'threadmill', round: async () => [sum(await fillAndDrain(jobs, Math.random))] },
      { name: 'p-queue', round: () => pQueue(jobs) },
      { name: 'fastq, which has no priorities', round: () => fastQueue(jobs) },
    ];
    const [total] = await interleave(runners, jobs > 100_000 ? 1 : 3);
    const many = jobs.toLocaleString('en').replaceAll(',', ' ');
    groups.push({ name: `${many} wait at random priorities: to add and drain one`, unit: 'µs a job', rounds: total ?? {}, compare: true });
  }
  return groups;
}

const sum = ([add = 0, drain = 0]: number[]) => add + drain;

async function pQueue(jobs: number): Promise<number[]> {
  const queue = new PQueue({ concurrency: 2, autoStart: false });
  const total = await time(async () => {
    for (let n = 0; n < jobs; n++) void queue.add(async () => n, { priority: Math.random() });
    queue.start();
    await queue.onIdle();
  });
  return [(total * 1_000) / jobs];
}

async function fastQueue(jobs: number): Promise<number[]> {
  const queue = fastq.promise(async (n: number) => n, 2);
  queue.pause();
  const total = await time(async () => {
    for (let n = 0; n < jobs; n++) void queue.push(n);
    queue.resume();
    await queue.drained();
  });
  return [(total * 1_000) / jobs];
}

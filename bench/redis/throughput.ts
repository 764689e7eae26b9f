// BullMQ in the process, BullMQ sandboxed in threads, and ours on BullMQ: `node .build/bench/redis/throughput.js [rounds]`.
import { fileURLToPath } from 'node:url';
import { Queue, Worker } from 'bullmq';
import { BullMQJobQueue } from 'threadmill/bullmq';
import processor from '../jobs/bullmq.processor.js';
import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { noop, spin } from '../jobs/definitions.js';
import { median } from '../measure.js';
import { sayLoad, startRedis } from './server.js';

const THREADS = 2;
const ROUNDS = Number(process.argv[2] ?? 3);
const sandbox = fileURLToPath(new URL('../jobs/bullmq.processor.js', import.meta.url));

const redis = await startRedis();
const connection = { host: '127.0.0.1', port: redis.port };
const removeOnComplete = { count: 0 };

/** Starts what takes jobs of a queue; gives how it is closed. */
type Start = (name: string) => Promise<() => Promise<unknown>>;

const bullmq = (run: typeof processor | string, concurrency: number): Start => {
  return async (name) => {
    const options = { connection, concurrency, removeOnComplete, useWorkerThreads: typeof run === 'string' };
    const worker = new Worker(name, run, options);
    await worker.waitUntilReady();
    return () => worker.close();
  };
};

const contenders: Record<string, Start> = {
  'BullMQ, in the process': bullmq(processor, THREADS),
  'BullMQ, in the process, 64 at once': bullmq(processor, 64),
  'BullMQ, sandboxed in threads': bullmq(sandbox, THREADS),
  'threadmill/bullmq': async (name) => {
    const options = { connection, name, jobs: [noop, spin], threads: THREADS, prefetch: 62, keepCompleted: 0, logger: false as const };
    const queue = new BullMQJobQueue({ ...options, role: 'worker' });
    await queue.ready();
    return () => queue.close();
  },
};

/** Jobs a second: all wait in Redis, then whoever takes them begins. */
async function rateOf(start: Start, definition: typeof noop | typeof spin, input: object, jobs: number): Promise<number> {
  const name = `bench-${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection });
  await queue.pause();
  // As our own producer writes them: with a priority, and with attempts.
  const opts = { attempts: 4, priority: 2 ** 20 };
  await queue.addBulk(Array.from({ length: jobs }, () => ({ name: definition.name, data: { input }, opts })));
  const close = await start(name);
  const started = process.hrtime.bigint();
  await queue.resume();
  for (let left = jobs; left > 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const counts = await queue.getJobCounts('wait', 'prioritized', 'active');
    left = Object.values(counts).reduce((sum, count) => sum + count, 0);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  await close();
  await queue.obliterate({ force: true });
  await queue.close();
  return jobs / seconds;
}

const iterations = Math.round(1_000 * iterationsPerMicrosecond());
const cases = [
  { title: 'jobs that do nothing', definition: noop, input: { n: 1 }, jobs: 5_000 },
  { title: 'jobs of 1 ms', definition: spin, input: { iterations }, jobs: 1_500 },
] as const;
for (const { title, definition, input, jobs } of cases) {
  const rates = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  // In turns, so that what else the machine does meets all alike.
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, start] of Object.entries(contenders)) rates.get(name)?.push(await rateOf(start, definition, input, jobs));
  console.log(`\n${title}, ${THREADS} threads, median of ${ROUNDS} rounds in turns:`);
  for (const [name, values] of rates) console.log(`${name.padEnd(36)} ${Math.round(median(values)).toString().padStart(7)} jobs/s`);
}

sayLoad();
redis.stop();

// What a job costs Redis: bytes while it waits, commands and processor time of Redis until it is done.
import { Redis } from 'ioredis';
import { BullMQJobQueue } from 'threadmill/bullmq';
import { digest } from './digest.job.js';
import { startRedis } from './server.js';

const JOBS = 5_000;

const server = await startRedis();
if (server === undefined) throw new Error('no redis-server here: apt-get install redis-server');
const redis = new Redis(server.url);
const info = async (field: string) => Number(new RegExp(`${field}:([\\d.]+)`).exec(await redis.info())?.[1]);
const cpu = async () => (await info('used_cpu_user')) + (await info('used_cpu_sys'));
const options = { connection: server.url, name: 'arithmetic', jobs: [digest], logger: false as const };

const producer = new BullMQJobQueue({ ...options, role: 'producer' });
const input = { text: 'a document of the size that a reference to one has', rounds: 1 };
await producer.ready();
const [memory, processor] = [await info('used_memory'), await cpu()];
await producer.addBulk(digest, Array(JOBS).fill(input));
console.log(`${Math.round(((await info('used_memory')) - memory) / JOBS)} bytes in Redis for a job that waits`);

const commands = await info('total_commands_processed');
const worker = new BullMQJobQueue({ ...options, role: 'worker', keepCompleted: 0 });
for (let left = JOBS; left > 0; ) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { waiting, active } = (await producer.stats()).counts;
  left = waiting + active;
}
const usedCpu = ((await cpu()) - processor) / JOBS;
const perJob = ((await info('total_commands_processed')) - commands) / JOBS;
await worker.close();
await producer.close();
redis.disconnect();
await server.stop();

console.log(`${perJob.toFixed(1)} commands for a job that runs, scripts counted with what they call`);
console.log(
  `${Math.round(usedCpu * 1e6)} µs of a processor for a job from add to end: ${Math.floor(1 / usedCpu)} jobs/s are all that one Redis can do here`,
);
for (const rate of [10_000, 1_000_000]) console.log(`${rate} jobs/s: ${Math.ceil((rate * usedCpu) / 0.5)} Redis at half load`);

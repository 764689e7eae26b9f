import { BullMQJobQueue } from 'threadmill/bullmq';
import { digest } from './digest.job.js';

await using queue = new BullMQJobQueue({ connection: process.env.REDIS_URL ?? '', jobs: [digest], role: 'producer' });

const inputs = Array.from({ length: 100 }, (_, at) => ({ text: `document ${at}`, rounds: 20_000 }));
const jobs = await queue.addBulk(digest, inputs);
const results = await Promise.all(jobs.map((job) => job.result()));
console.log(`${results.length} documents, the first is ${results[0]?.hash.slice(0, 8)}`);

import { once } from 'node:events';
import { BullMQJobQueue } from 'threadmill/bullmq';
import { digest } from './digest.job.js';

const queue = new BullMQJobQueue({
  connection: process.env.REDIS_URL ?? '',
  jobs: [digest],
  role: 'worker',
  // How soon jobs of a process that died run elsewhere.
  lockDuration: 2_000,
  stalledInterval: 1_000,
});
await queue.ready();
console.log(`worker ${process.pid} takes jobs`);
await once(process, 'SIGTERM');
await queue.close();

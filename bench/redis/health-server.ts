// A server that runs jobs for eight callers, and answers /health beside it; forked by health.ts, with the number of threads, the size of a
// job, and the port of a Redis where one is to be used.
import { createServer } from 'node:http';
import { JobQueue } from 'threadmill';
import { BullMQJobQueue } from 'threadmill/bullmq';
import { spin } from '../jobs/definitions.js';

const [threads = 1, iterations = 0, redis] = process.argv.slice(2).map(Number);
const options = { name: `health-${process.pid}`, jobs: [spin], threads, logger: false as const };

const queue =
  redis === undefined ? new JobQueue(options) : new BullMQJobQueue({ ...options, connection: { host: '127.0.0.1', port: redis } });
await queue.ready();
let done = 0;
const call = async (): Promise<void> => {
  for (;;) {
    await queue.run(spin, { iterations });
    done++;
  }
};
for (let caller = 0; caller < 8; caller++) void call();

const server = createServer((request, response) => response.end(request.url === '/done' ? String(done) : 'ok'));
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));

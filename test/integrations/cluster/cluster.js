import cluster from 'node:cluster';
import { once } from 'node:events';

// A queue is of one process: each worker process has its own.
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const codes = await Promise.all(workers.map(async (worker) => (await once(worker, 'exit'))[0]));
  if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes}`);
} else {
  await import('./main.js');
  process.disconnect();
}

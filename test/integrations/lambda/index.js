import { JobQueue } from 'threadmill';
import { hello, spin } from './hello.job.js';
import { work } from './work.job.js';

// Outside of the handler: the next invocation finds the queue, its threads, and what they have loaded.
const queue = new JobQueue({ jobs: [hello, spin, work], threads: 1, logger: false });
await queue.ready();

// `run`, and wait for it: with the answer the process is frozen, and its jobs too.
export async function handler({ name, works }) {
  if (name !== undefined) return queue.run(hello, { name });
  if (works) return queue.run(work, {});
  return queue.run(spin, {});
}

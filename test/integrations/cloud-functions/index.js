import { http } from '@google-cloud/functions-framework';
import { JobQueue } from 'threadmill';
import { hello, spin } from './hello.job.js';

// Outside of the function: the next request finds the queue, its threads, and what they have loaded.
const queue = new JobQueue({ jobs: [hello, spin], threads: 1, logger: false });

// `run`, and wait for it: after the answer there may be no CPU for what is left.
http('hello', async ({ query }, response) => {
  try {
    response.send(await (query.name ? queue.run(hello, { name: query.name }) : queue.run(spin, {})));
  } catch (error) {
    response.status(500).send(error.code);
  }
});

process.once('SIGTERM', () => queue.close({ timeout: 5_000 }));

import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { type Contender, LIMIT, type Peer, workerUrl } from './peer.js';

// A worker file instead of stringified functions, threads instead of processes, and all of them from the start.
function contender(name: string, limit: boolean): Contender {
  return {
    name,
    kind: limit ? 'limit' : 'plain',
    async open(threads) {
      const file = fileURLToPath(workerUrl('workerpool.worker'));
      const pool = workerpool.pool(file, { minWorkers: threads, maxWorkers: threads, workerType: 'thread' });
      await Promise.all(Array.from({ length: threads * 4 }, () => pool.exec('noop', [{ n: 0 }])));
      const run = (name: string, input: unknown): any => {
        const task = pool.exec(name, [input]);
        return limit ? task.timeout(LIMIT) : task;
      };
      return { run, close: () => Promise.resolve(pool.terminate(true)) } satisfies Peer;
    },
  };
}

export const workerpoolPlain = contender('workerpool', false);
export const workerpoolLimit = contender('workerpool + timeout()', true);

import { JobQueue, type QueueOptions } from 'threadmill';
import { definitions } from '../jobs/definitions.js';
import type { WorkInput, WorkName } from '../jobs/work.js';
import type { Contender, Peer } from './peer.js';

// Defaults but for the logger, the threads and the room for a flood. Schema, job records and time limits are on.
export async function openQueue(options: QueueOptions = {}): Promise<JobQueue> {
  const queue = new JobQueue({ logger: false, threads: 2, maxWaiting: 2_000_000, jobs: Object.values(definitions), ...options });
  await queue.ready();
  return queue;
}

export const threadmill: Contender = {
  name: 'threadmill',
  kind: 'threadmill',
  async open(threads) {
    const queue = await openQueue({ threads });
    return {
      run: <Name extends WorkName>(name: Name, input: WorkInput<Name>) => queue.run<any, any, any>(definitions[name], input),
      close: () => queue.close(),
    } satisfies Peer;
  },
};

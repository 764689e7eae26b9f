import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { type Contender, LIMIT, type Peer, workerUrl } from './peer.js';

type Atomics = 'sync' | 'async' | 'disabled';

// minThreads = maxThreads, so that no thread boots while we measure; recordTiming off, which spares a histogram a job.
// concurrentTasksPerWorker stays 1: more would let an abort kill the innocent tasks on the same thread.
export function openPiscina(threads: number, atomics: Atomics = 'sync'): Piscina {
  const pool = new Piscina({
    filename: fileURLToPath(workerUrl('work')),
    minThreads: threads,
    maxThreads: threads,
    recordTiming: false,
    atomics,
  });
  pool.on('error', () => {});
  return pool;
}

function contender(name: string, limit: boolean, atomics: Atomics): Contender {
  return {
    name,
    kind: limit ? 'limit' : 'plain',
    async open(threads) {
      const pool = openPiscina(threads, atomics);
      await Promise.all(Array.from({ length: threads * 4 }, () => pool.run({ n: 0 }, { name: 'noop' })));
      return {
        run: (name, input) => pool.run(input, limit ? { name, signal: AbortSignal.timeout(LIMIT) } : { name }),
        close: () => pool.destroy(),
      } satisfies Peer;
    },
  };
}

/** As it is by default: an idle thread sleeps in `Atomics.wait` and takes its next task without an event loop between. */
export const piscina = contender('piscina', false, 'sync');
export const piscinaDisabled = contender('piscina, atomics disabled', false, 'disabled');
export const piscinaLimit = contender('piscina + AbortSignal.timeout', true, 'sync');

import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { type Contender, LIMIT, type Peer, workerUrl } from './peer.js';

// minThreads = maxThreads, so that no thread boots while we measure; atomics are on by default, as in Piscina.
function contender(name: string, limit: boolean): Contender {
  return {
    name,
    kind: limit ? 'limit' : 'plain',
    async open(threads) {
      const pool = new Tinypool({ filename: fileURLToPath(workerUrl('work')), minThreads: threads, maxThreads: threads });
      await Promise.all(Array.from({ length: threads * 4 }, () => pool.run({ n: 0 }, { name: 'noop' })));
      return {
        run: (name, input) => pool.run(input, limit ? { name, signal: AbortSignal.timeout(LIMIT) } : { name }),
        close: () => pool.destroy(),
      } satisfies Peer;
    },
  };
}

export const tinypool = contender('tinypool', false);
export const tinypoolLimit = contender('tinypool + AbortSignal.timeout', true);

import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import { type Contender, LIMIT, type Peer, workerUrl } from './peer.js';

// A fixed pool. Round robin measures nothing per task; no events; no task queue: every task goes to its thread at once,
// which is its fastest. Its AbortSignal gives the caller an error, it does not stop a thread that spins.
function contender(name: string, limit: boolean): Contender {
  return {
    name,
    kind: limit ? 'limit' : 'plain',
    async open(threads) {
      const pool = new FixedThreadPool<any, any>(threads, fileURLToPath(workerUrl('poolifier.worker')), {
        workerChoiceStrategy: 'ROUND_ROBIN',
        enableEvents: false,
      });
      await Promise.all(Array.from({ length: threads * 4 }, () => pool.execute({ n: 0 }, 'noop')));
      return {
        run: (name, input) => pool.execute(input, name, limit ? AbortSignal.timeout(LIMIT) : undefined),
        close: () => pool.destroy(),
      } satisfies Peer;
    },
  };
}

export const poolifier = contender('poolifier', false);
export const poolifierLimit = contender('poolifier + AbortSignal.timeout', true);

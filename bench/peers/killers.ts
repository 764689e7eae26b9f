import { fileURLToPath } from 'node:url';
import type { JobDefinition } from 'threadmill';
import { Tinypool } from 'tinypool';
import workerpool from 'workerpool';
import * as definitions from '../jobs/definitions.js';
import { workerUrl } from './peer.js';
import { openPiscina } from './piscina.js';
import { openQueue } from './threadmill.js';

/** The limit of a job that never ends, in milliseconds. */
export const KILL_AFTER = 50;

/** A library that can end a job that spins; poolifier cannot. */
export interface Killer {
  /** Rejects when the limit has passed. */
  forever(started: SharedArrayBuffer): PromiseLike<unknown>;
  /** When this job started, on the clock of all threads. */
  startedAt(): PromiseLike<number>;
  /** Whether the thread after the last kill still boots, where the library says so. */
  isBooting?(): boolean;
  close(): Promise<unknown>;
}

/** All with their defaults for kills, ours with its spare thread. */
export const killers: Record<string, (threads: number) => Promise<Killer>> = {
  threadmill: (threads) => openThreadmill(threads, true),
  // Its module is loaded in spare threads because a job of it was added.
  'threadmill, jobs: []': (threads) => openThreadmill(threads, true, []),
  // The difference is what looking where the job was stuck costs.
  'threadmill, postMortem: false': (threads) => openThreadmill(threads, false),

  async 'piscina + AbortSignal.timeout'(threads) {
    const pool = openPiscina(threads);
    return {
      forever: (started) => pool.run({ started }, { name: 'forever', signal: AbortSignal.timeout(KILL_AFTER) }),
      startedAt: () => pool.run({ n: 0 }, { name: 'startedAt' }),
      close: () => pool.destroy(),
    };
  },

  async 'tinypool + AbortSignal.timeout'(threads) {
    const pool = new Tinypool({ filename: fileURLToPath(workerUrl('work')), minThreads: threads, maxThreads: threads });
    return {
      forever: (started) => pool.run({ started }, { name: 'forever', signal: AbortSignal.timeout(KILL_AFTER) }),
      startedAt: () => pool.run({ n: 0 }, { name: 'startedAt' }),
      close: () => pool.destroy(),
    };
  },

  async 'workerpool + timeout()'(threads) {
    const options = { minWorkers: threads, maxWorkers: threads, workerType: 'thread', workerTerminateTimeout: 1 } as const;
    const pool = workerpool.pool(fileURLToPath(workerUrl('workerpool.worker')), options);
    return {
      forever: (started) => pool.exec('forever', [{ started }]).timeout(KILL_AFTER),
      startedAt: () => pool.exec('startedAt', [{ n: 0 }]) as any,
      close: () => Promise.resolve(pool.terminate(true)),
    };
  },
};

async function openThreadmill(threads: number, postMortem: boolean, jobs?: JobDefinition[]): Promise<Killer> {
  const queue = await openQueue({ threads, postMortem, ...(jobs && { jobs }) });
  return {
    forever: (started) => queue.run(definitions.forever, { started }, { timeout: KILL_AFTER }),
    startedAt: () => queue.run(definitions.startedAt, { n: 0 }),
    isBooting: () => queue.stats().threads.starting > 0,
    close: () => queue.close(),
  };
}

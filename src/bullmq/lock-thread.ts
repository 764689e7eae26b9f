import { parentPort, workerData } from 'node:worker_threads';
import { Queue } from 'bullmq';
import { now, setInterval } from '../time/timers.js';
import type { LockKeeperData, LockMessage } from './lock-keeper.js';

/** Renews the locks of a process's jobs in a thread of its own: the main thread may be busy for longer than a lock lasts. */

const { connection, prefix, name, lockDuration, beats, patience } = workerData as LockKeeperData;
const pulse = new Int32Array(beats);
const tokens = new Map<string, string>();
const queue = new Queue(name, { connection: connection as never, prefix, skipMetasUpdate: true });
queue.on('error', () => {});

let lastBeat = 0;
let lastHeard = now();

/** Whether the main thread may still come back: one that hangs for ever must not hold its jobs for ever. */
function mainThreadLives(): boolean {
  const beat = Atomics.load(pulse, 0);
  if (beat !== lastBeat) {
    lastBeat = beat;
    lastHeard = now();
  }
  return now() - lastHeard < patience;
}

async function renew(): Promise<void> {
  if (tokens.size === 0 || !mainThreadLives()) return;
  const jobs = [...tokens];
  const ids = jobs.map(([id]) => id);
  const lost = await queue.getBackend().extendLocks(
    ids,
    jobs.map(([, token]) => token),
    lockDuration,
  );
  // What ended while Redis was asked has given its lock back.
  const still = lost.filter((id) => tokens.get(id) === jobs[ids.indexOf(id)]?.[1]);
  if (still.length > 0) parentPort?.postMessage(still);
}

parentPort?.on('message', (messages: LockMessage[]) => {
  for (const [id, token] of messages) {
    if (token === undefined) tokens.delete(id);
    else tokens.set(id, token);
  }
});

// While Redis is away nothing can be renewed, and nobody can take a job either.
setInterval(() => void renew().catch(() => {}), lockDuration / 4);

queue.waitUntilReady().then(
  () => parentPort?.postMessage('ready'),
  // It was closed before.
  () => {},
);

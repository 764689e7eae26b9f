import type { QueueWorker } from '@bull-board/api/typings/app';
import type { JobQueue } from '../index.js';

/** The threads of a queue as workers: those at work with their job and for how many seconds, then the idle ones. */
export function threadsOf(queue: JobQueue): QueueWorker[] {
  const working = new Map<number, QueueWorker>();
  for (const job of queue.list('active', { limit: Number.POSITIVE_INFINITY })) {
    const where = queue.explain(job.id);
    // Of a batch one job runs; the others wait behind it, and have not started.
    if (where?.state !== 'active' || where.phase === 'sent') continue;
    working.set(
      where.threadId,
      workerOf(`thread ${where.threadId}`, `${job.name} ${job.id}`, `thread ${where.threadId}, ${where.phase}`, where.ranFor),
    );
  }
  const { size, starting, zombies } = queue.stats().threads;
  const idle = Math.max(0, size - working.size - starting);
  return [...working.values(), ...rest(idle, 'idle'), ...rest(starting, 'starting'), ...rest(zombies, 'terminated, held by native code')];
}

function rest(count: number, what: string): QueueWorker[] {
  return Array.from({ length: count }, (_, index) => workerOf(`${what} ${index + 1}`, null, what, 0));
}

/** The page writes the address under the name, and how many seconds ago it "connected". */
function workerOf(id: string, name: string | null, addr: string, ms: number): QueueWorker {
  return { id, name, addr, age: Math.round(ms / 1_000) };
}

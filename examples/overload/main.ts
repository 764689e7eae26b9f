import assert from 'node:assert/strict';
import { JobQueue, QueueFullError } from 'threadmill';
import { page, upload } from './page.job.js';

// A server says no when it cannot keep up: the client is told when to come back.
const queue = new JobQueue({ jobs: [page, upload], threads: 1, maxWaiting: 20, whenFull: 'reject', logger: false });
try {
  await queue.run(page, { path: '/' });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => answer(`/${n}`)));
  const refused = answers.filter(({ status }) => status === 503);
  console.log(`${answers.length - refused.length} pages, ${refused.length} refused: try again in ${refused[0]?.retryAfter} s`);
  assert(refused.length > 0 && answers.length - refused.length >= 20);

  // Higher runs first; equal ones in order of arrival.
  const order: string[] = [];
  queue.on('completed', (job) => order.push((job.input as { path: string }).path));
  queue.pause();
  await queue.add(page, { path: 'nightly report' }, { priority: -10 });
  await queue.add(page, { path: 'somebody waits' }, { priority: 10 });
  await queue.add(page, { path: 'usual' });
  queue.resume();
  await queue.idle();
  assert.deepEqual(order, ['somebody waits', 'usual', 'nightly report']);

  // Why does it not run? Its definition's limits hold it.
  const uploads = await queue.addBulk(
    upload,
    Array.from({ length: 12 }, (_, n) => ({ n })),
  );
  const last = uploads.at(-1);
  await Promise.all(uploads.slice(0, 10).map((job) => job.result()));
  console.log(queue.explain(last?.id ?? ''));
} finally {
  await queue.close({ drain: 'none' });
}

/** As a server answers. */
async function answer(path: string): Promise<{ status: number; retryAfter?: number }> {
  try {
    await queue.run(page, { path });
    return { status: 200 };
  } catch (error) {
    if (error instanceof QueueFullError) return { status: 503, retryAfter: Math.ceil((error.retryAfter ?? 0) / 1_000) };
    throw error;
  }
}

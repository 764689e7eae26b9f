import assert from 'node:assert/strict';
import { JobQueue, TimeoutError } from 'threadmill';
import { matches, sum } from './stuck.job.js';

const queue = new JobQueue({ jobs: [matches, sum], threads: 2, logger: false });
try {
  const evil = { pattern: '^(\\s*[\\w-]+\\s*)+:$', text: 'the quick brown fox jumps over the lazy dog and runs away' };
  const error = await queue.run(matches, evil).catch((reason: unknown) => reason);
  assert(error instanceof TimeoutError);
  console.log(error.message);
  console.log(error.postMortem?.kind, error.postMortem?.stack[0]?.functionName);

  // Others go on meanwhile, and the thread's place is taken at once.
  assert.equal(await queue.run(matches, { pattern: '^a', text: 'abc' }), true);

  // This one ends by itself, several times: no thread is killed for it, and nothing is computed twice.
  const { killed } = queue.stats().threads;
  const to = 100_000_000;
  assert.equal(await queue.run(sum, { to }), (to * (to - 1)) / 2);
  assert.equal(queue.stats().threads.killed, killed);

  // For one job: another limit, and 3 attempts.
  const job = await queue.add(matches, evil, { timeout: 100, maxAttempts: 3, backoff: { type: 'fixed', delay: 10 } });
  await job.result().catch(() => {});
  for (const { number, outcome, duration } of job.attempts) console.log(`attempt ${number}: ${outcome} after ${Math.round(duration)} ms`);
  assert.deepEqual(
    job.attempts.map(({ outcome }) => outcome),
    ['timed-out', 'timed-out', 'timed-out'],
  );
} finally {
  await queue.close();
}

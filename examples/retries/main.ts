import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { JobQueue } from 'threadmill';
import { convert } from './convert.job.js';

const queue = new JobQueue({ jobs: [convert], threads: 1, logger: false, deadLetters: { max: 1_000, alertAt: 2 } });
queue.on('retrying', (job, error, delay) => console.log(`${job.id} again in ${Math.round(delay)} ms: ${error}`));
queue.on('dead-letter-alert', (_job, size) => console.log(`there are ${size} dead letters: somebody should look`));
const path = fileURLToPath(import.meta.url);
try {
  // Nobody waits: three attempts, then a dead letter.
  const [recovered, down, missing] = await queue.addBulk(convert, [{ path, fails: 2 }, { path, fails: 99 }, { path: '/no/such/file' }]);
  await queue.idle();
  assert.equal(recovered?.state, 'completed');
  assert.equal(recovered.attempts.length, 3);
  assert.equal(down?.attempts.length, 3);
  // UnrecoverableError: no further attempt.
  assert.equal(missing?.attempts.length, 1);

  for (const { id, reason, error, attempts } of queue.deadLetters.list()) console.log(id, reason, `${error}`, attempts.length);

  // Another input for one, the same again for all others of a definition.
  const mended = await queue.deadLetters.replay(missing.id, { input: { path } });
  assert.deepEqual(Object.keys((await mended.result()) as object), ['bytes']);
  assert.equal(mended.id, missing.id);
  const [again] = await queue.deadLetters.replay({ name: 'convert' });
  await again?.result().catch((error: unknown) => console.log(`still down: ${error}`));
  queue.deadLetters.remove({ name: 'convert' });
  assert.equal(queue.deadLetters.size, 0);

  // Somebody waits: the error is theirs, and no dead letter. One attempt would be the default; what the definition says holds here too.
  await assert.rejects(queue.run(convert, { path, fails: 99 }), /attempt 3/);
  await assert.rejects(queue.run(convert, { path, fails: 1 }, { maxAttempts: 1 }), /attempt 1/);
  assert.equal(queue.deadLetters.size, 0);
} finally {
  await queue.close();
}

import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAdded, assertNotAdded, createTestClock, createTestQueue, runJob } from 'threadmill/testing';
import { awaitReply, importRows, makeReport, outbox, sendMail } from './mail.job.js';
import { SignUp } from './sign-up.js';

// 1. What was added
test('a sign-up sends a mail now and one in three days', async () => {
  await using queue = createTestQueue({ mode: 'manual' });
  await new SignUp(queue).register('ada@example.org');

  assertAdded(queue, sendMail, { to: 'ada@example.org', text: 'Welcome!' });
  assertAdded(queue, sendMail, ({ text }) => text.startsWith('How'));
  assertNotAdded(queue, importRows);
  assert.deepEqual(
    queue.added(sendMail).map((job) => job.state),
    ['waiting', 'delayed'],
  );
});

// 2. Running them, and moving the time
test('three days later', async () => {
  await using queue = createTestQueue({ mode: 'manual' });
  await new SignUp(queue).register('ada@example.org');
  const [welcome, question] = queue.added(sendMail);

  assert.equal(await queue.runNext(), 'completed');
  assert.deepEqual(await welcome?.result(), { sent: 8 });
  assert.equal(await queue.runNext(), undefined);

  await queue.clock.advance(3 * 24 * 3_600_000);
  const counts = await queue.drain();
  assert.equal(counts.completed, 1);
  assert.equal(question?.state, 'completed');
  assert.deepEqual(outbox.splice(0), ['ada@example.org: Welcome!', 'ada@example.org: How is it going?']);
});

// 3. Failures that are hard to come by
test('a mail that fails is sent again, at last it is a dead letter', async () => {
  await using queue = createTestQueue({ mode: 'manual', seed: 42 });
  const job = await queue.add(sendMail, { to: 'ada@example.org' });

  queue.failNext(sendMail, 'timeout');
  queue.failNext(sendMail, 'out-of-memory');
  queue.failNext(sendMail, new Error('the server said no'));
  const counts = await queue.drain({ withRetries: true });

  assert.deepEqual({ ...counts }, { completed: 0, failed: 1, 'timed-out': 1, crashed: 1, cancelled: 0, interrupted: 0 });
  assert.deepEqual(
    job.attempts.map(({ error }) => (error as Error).name),
    ['TimeoutError', 'CrashError', 'Error'],
  );
  assert.equal(queue.deadLetters.size, 1);
});

// 4. Jobs that simply run
test('inline, a job has run when add resolves', async () => {
  await using queue = createTestQueue({ mode: 'inline' });
  await new SignUp(queue).register('ada@example.org');

  assert.deepEqual(outbox.splice(0), ['ada@example.org: Welcome!']);
  await queue.clock.advance(3 * 24 * 3_600_000);
  assert.deepEqual(outbox.splice(0), ['ada@example.org: How is it going?']);

  // What could not cross to a thread fails here too.
  const failed = await queue.add(makeReport, {});
  assert.match(String(failed.error), /NotCloneableError: result.print is a function/);
});

// 5. One handler, without a queue
test('an import goes on where it was', async () => {
  const first = await runJob(importRows, { rows: ['a', 'b', '', 'd'] });
  assert.equal(first.outcome, 'failed');
  assert.deepEqual(first.checkpoints, [1, 2]);

  const second = await runJob(importRows, { rows: ['a', 'b', 'c', 'd'] }, { attempt: 2, lastCheckpoint: first.checkpoints.at(-1) });
  assert.deepEqual(second.output, { done: 4 });
  assert.deepEqual(second.checkpoints, [3, 4]);
});

// 6. The time limit of one handler
test('a handler that waits too long is timed out', async () => {
  const clock = createTestClock();
  const running = runJob(awaitReply, { from: 'ada@example.org' }, { clock });
  await clock.advance(5_000);
  const { outcome, error } = await running;
  assert.equal(outcome, 'timed-out');
  assert.match(String(error), /await-reply timed out after 5000 ms/);
});

// 7. The real thing
test('once in a while, with threads', async () => {
  await using queue = createTestQueue({ mode: 'threads', threads: 1, spareThreads: 0 });
  const job = await queue.add(importRows, { rows: ['a', 'b'] });
  await queue.waitFor(job, 'completed');
  assert.deepEqual(await job.result(), { done: 2 });
});

import assert from 'node:assert/strict';
import { JobQueue, TimeoutError } from 'threadmill';
import { allocate, deriveAtOnce, deriveInSteps, hang } from './risky.job.js';

await using queue = new JobQueue({ threads: 2, logger: false });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('expected a failure'),
    (error: Error) => error,
  );

// A process runs out of memory; this one does not.
console.log('small allocation:', await queue.run(allocate, { items: 1_000 }));
const crashed = await failure(queue.run(allocate, { items: 30_000_000 }));
console.log('huge allocation:', crashed.message.split('\n')[0]);

// A hanging program is killed through the signal; its thread is not.
assert((await failure(queue.run(hang, {}))) instanceof TimeoutError);
console.log('hanging program: threads killed', queue.stats().threads.killed);
assert.equal(queue.stats().threads.killed, 0);

// Work in short native calls stops by itself.
assert((await failure(queue.run(deriveInSteps, { password: 'secret' }))) instanceof TimeoutError);
assert.equal(queue.stats().threads.killed, 0);

// One long native call: the job fails in time, but its thread lives until the call returns.
queue.on('thread-zombie', ({ jobId, reason }) => console.log('zombie:', jobId, reason));
const error = await failure(queue.run(deriveAtOnce, { password: 'secret' }));
console.log('one native call:', error.message);
assert(error instanceof TimeoutError);
assert.equal(queue.stats().threads.killed, 1);
console.log('the queue works:', await queue.run(allocate, { items: 10 }));

import assert from 'node:assert/strict';
import { type ItemError, JobQueue } from 'threadmill';
import { measure, sumUp } from './lines.job.js';
import { lines } from './lines.js';

await using queue = new JobQueue({ logger: false });
const file = process.argv[2] ?? 'package-lock.json';

// 1. A file of any length, line by line: read as fast as the jobs, and the loop, take it.
let characters = 0;
for await (const length of queue.map(measure, lines(file))) characters += length;
console.log(`${characters} characters`);

// 2. Enough: what is left is cancelled, the file is closed.
let longest = 0;
for await (const length of queue.map(measure, lines(file), { ordered: false })) {
  longest = Math.max(longest, length);
  if (longest > 80) break;
}
console.log(`a line of ${longest} characters`);

// 3. An item that fails says which it was.
try {
  for await (const _ of queue.map(measure, [{ line: 'good' }, { line: 5 as unknown as string }]));
} catch (error) {
  const { index, input, message } = error as ItemError;
  console.log(`item ${index}`, input, message);
  assert.equal(index, 1);
}

// 4. Progress while it runs; after a kill the job goes on from its last checkpoint.
queue.on('progress', (job, value) => console.log(`${job.name}, attempt ${job.attempt}: ${value}`));
queue.on('retrying', (_job, error) => console.log((error as Error).message));
const job = await queue.add(sumUp, { numbers: [1, 2, 3, 4, 5, 6, 7, 8] });
console.log(await job.result());
assert.deepEqual(await job.result(), { sum: 36 });
assert.deepEqual(
  job.attempts.map(({ outcome }) => outcome),
  ['timed-out', 'completed'],
);

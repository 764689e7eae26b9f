import assert from 'node:assert/strict';
import { once } from 'node:events';
import { JobQueue } from 'threadmill';
import { report } from './report.job.js';

await using queue = new JobQueue({ logger: false });
queue.on('completed', (job) => job.result().then(console.log));

// 1. Every so many milliseconds, the first time after that long.
const often = queue.schedule(report, { of: 'every 200 ms' }, { every: 200 });
console.log('next', new Date(often.next ?? 0));
for (let run = 0; run < 3; run++) await once(queue, 'completed');
often.stop();

// 2. By a cron pattern, in a time zone. Six fields: the first is the second.
const nightly = queue.schedule(report, { of: 'the night' }, { cron: '30 2 * * *', timezone: 'Europe/Berlin' });
const eachSecond = queue.schedule(report, { of: 'each second' }, { cron: '* * * * * *' });
console.log('next', new Date(nightly.next ?? 0), new Date(eachSecond.next ?? 0));
await once(queue, 'completed');
eachSecond.stop();

// 3. A run that still waits is not added twice.
queue.pause(report);
const paused = queue.schedule(report, { of: 'a pause' }, { every: 20 });
const [job] = await once(queue, 'added');
await new Promise((resolve) => setTimeout(resolve, 200));
const { waiting } = queue.stats().counts;
console.log('waiting', waiting, queue.explain(job.id));
paused.stop();
queue.resume(report);
assert.equal(waiting, 1);

// 4. Closing the queue stops what is left.
await queue.close();
assert.deepEqual([often.next, eachSecond.next, nightly.next], [undefined, undefined, undefined]);

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { IdempotencyError, JobQueue } from 'threadmill';
import { index, order, refresh, report } from './notes.job.js';

await using queue = new JobQueue({ threads: 2, logger: false });

// 'join', the default: who asks for what is being made already gets that.
const key = { idempotencyKey: 'report-2026-11' };
const answers = await Promise.all([1, 2, 3].map(() => queue.run(report, { month: '2026-11' }, key)));
assert.deepEqual(new Set(answers), new Set(['the report of 2026-11']));
// One key for two things is a mistake, and is told.
await assert.rejects(queue.add(report, { month: '2026-12' }, key), IdempotencyError);
console.log('join: asked for three times, run', queue.stats().byName.report?.totals.added, 'time');

// 'reject': a form that is sent twice.
const form = { idempotencyKey: 'form-7', onDuplicate: 'reject' as const };
await queue.add(order, { items: 3 }, form);
const again = await queue.add(order, { items: 3 }, form).catch((error: unknown) => error);
assert.ok(again instanceof IdempotencyError);
console.log('reject:', again.message);

// 'replace' with a delay, debouncing: a note is indexed when nobody has changed it for 100 ms.
let indexed = 0;
queue.on('completed', (job) => void (job.name === 'index' && indexed++));
for (const text of ['H', 'He', 'Hel', 'Hell', 'Hello']) {
  await queue.add(index, { text }, { idempotencyKey: 'note-1', onDuplicate: 'replace', delay: 100 });
}
await queue.idle();
const [last] = queue.list('completed');
console.log('replace: changed five times, indexed', indexed, 'time:', last?.input);
assert.deepEqual([indexed, last?.input], [1, { text: 'Hello' }]);

// 'drop' with a ttl, throttling: however many come, the page is made anew once in 200 ms.
const throttled = { idempotencyKey: 'front-page', onDuplicate: 'drop' as const, ttl: 200 };
const jobs = [];
for (let visitor = 1; visitor <= 20; visitor++) {
  jobs.push(await queue.add(refresh, { visitor }, throttled));
  await sleep(25);
}
const made = new Set(jobs.map(({ id }) => id)).size;
console.log('drop: 20 visitors in half a second, made anew', made, 'times; the others were answered with', jobs.at(-1)?.state, 'jobs');
assert.ok(made < jobs.length);

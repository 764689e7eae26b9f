import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JobQueue } from 'threadmill';
import { recordTimeline } from 'threadmill/timeline';
import { draw, type TraceEvent } from './draw.js';
import { fetchPage, render, search } from './work.job.js';

const folder = process.argv[2] ?? tmpdir();
const file = join(folder, 'timeline.json');

const queue = new JobQueue({ name: 'documents', threads: 2, jobs: [render, fetchPage, search], logger: false });
const timeline = recordTimeline(queue, file);
await queue.ready();

const jobs = [
  ...Array.from({ length: 14 }, (_, n) => queue.run(render, { ms: 8 + (n % 5) * 4 })),
  ...Array.from({ length: 6 }, (_, n) => queue.run(fetchPage, { ms: 10 + n * 5 }, { maxAttempts: 2 })),
  // A pattern that takes for ever: its thread is killed, and the spare one goes on.
  queue.run(search, { pattern: '^(a+)+$', text: `${'a'.repeat(40)}!` }),
  ...Array.from({ length: 14 }, (_, n) => queue.run(render, { ms: 6 + (n % 4) * 5 })),
];
await Promise.allSettled(jobs);
await queue.close();
await timeline.close();

const events = JSON.parse(readFileSync(file, 'utf8')) as TraceEvent[];
console.log(`${file}: ${events.length} events. Open it at https://ui.perfetto.dev, or in Chrome at about:tracing.`);
writeFileSync(join(folder, 'timeline.svg'), draw(events));
// All but the search; one page needed a second attempt.
assert.equal(events.filter(({ ph, cname }) => ph === 'X' && cname === 'good').length, 34);
assert.equal(events.filter(({ name }) => name === 'killed: timed-out').length, 1);

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CancelledError, JobQueue } from 'threadmill';
import { folder, markdownFiles, readme } from './files.js';
import { count, render } from './text.job.js';

await using queue = new JobQueue({ logger: false });

// 1. One after the other: await.
const page = await queue.run(render, { path: readme });
const { links } = await queue.run(count, page);
console.log(`${links} links in ${readme}`);

// 2. Side by side: all of them, also when some fail.
const paths = [readme, join(folder, 'package.json'), join(folder, 'missing.md')];
const jobs = await queue.addBulk(
  render,
  paths.map((path) => ({ path })),
  { maxAttempts: 1 },
);
const results = await Promise.allSettled(jobs.map((job) => job.result()));
console.log(results.map(({ status }) => status));

// 3. A stream: map into map. Nothing is held but what is on its way.
let total = 0;
const pages = queue.map(render, markdownFiles(), { concurrency: 16 });
for await (const { links } of queue.map(count, pages, { ordered: false, concurrency: 16 })) total += links;
console.log(`${total} links in all Markdown files of node_modules`);

// 4. The whole is cancelled by one signal: jobs that wait, jobs that run, and the sources.
const controller = new AbortController();
const { signal } = controller;
let seen = 0;
try {
  const pages = queue.map(render, markdownFiles(), { signal });
  for await (const _ of queue.map(count, pages, { signal })) if (++seen === 10) controller.abort(new Error('ten are enough'));
} catch (error) {
  if (!(error instanceof CancelledError)) throw error;
  console.log(`stopped after ${seen}: ${error.message}`);
}

assert.deepEqual(
  results.map(({ status }) => status),
  ['fulfilled', 'fulfilled', 'rejected'],
);
assert.equal(seen, 10);
assert.ok(total >= links && links > 0);

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobQueue } from 'threadmill';
import { logger, printed } from './log.js';
import { report } from './report.job.js';

const queue = new JobQueue({
  threads: 2,
  // None while there is nothing to do; the first job waits for one to boot and to open its database.
  minThreads: 0,
  idleTimeout: 1_000,
  // A thread that has run so many jobs, or has so large a heap, ends in peace, and another takes over.
  recycle: { jobs: 1_000, heapMb: 512 },
  worker: {
    // Each `setup` gets it.
    data: { orders: 10_000 },
    // As `top` and `perf` show the threads, on Linux.
    name: 'reports',
    // What they print becomes log lines of their job.
    console: 'log',
  },
  logger,
});

// 1. The database is opened once in each thread, whatever it runs.
const reports = await Promise.all(Array.from({ length: 40 }, (_, least) => queue.run(report, { least })));
console.log(reports[0], reports[25], reports.at(-1));
assert.equal(reports.length, 40);
assert.ok(printed('a database is open').length <= 2);

// 2. Each line knows whose it is.
const [line] = printed('orders from 25 on');
console.log(line);
assert.equal(queue.getJob(line?.jobId as string)?.name, 'report');

// 3. Without work all threads end, and close what they had open.
while (queue.stats().threads.size > 0) await sleep(100);
console.log('no threads, and the databases are closed');
assert.ok(printed('a database is closed').length > 0);

// 4. A thread that is killed closes nothing: its memory is gone, and with it this database. A file's lock, or a process that
// `setup` started, would stay. What it has printed is there.
const killed = await queue.run(report, { least: 7, hangs: true }, { timeout: 200 }).catch((error: Error) => error);
console.log((killed as Error).message);
assert.equal(printed('orders from 7 on').length, 2);

await queue.close();

import assert from 'node:assert/strict';
import { Piscina } from 'piscina';
import { JobQueue } from 'threadmill';
import { resize } from './resize.job.js';

const input = { width: 100, pixels: new Uint8Array(1_000) };

// With Piscina
const pool = new Piscina({ filename: new URL('./worker.js', import.meta.url).href, maxThreads: 2 });
const before = await pool.run(input, { signal: AbortSignal.timeout(1_000) });
await pool.close();

// With threadmill
const queue = new JobQueue({ jobs: [resize], threads: 2, logger: false });
const after = await queue.run(resize, input);
await queue.close();

assert.deepEqual(after, before);

import { JobQueue } from 'threadmill';
import { expect, test } from 'vitest';
import { check } from './check.js';
import { hello, spin } from './hello.job.js';
import { count } from './typed.job.ts';

test('jobs run on threads, and are killed', async () => {
  const queue = new JobQueue({ jobs: [hello, spin], threads: 2, logger: false });
  expect(await check(queue, { hello, spin })).toContain('it works');
});

test('a job file in TypeScript', async () => {
  const queue = new JobQueue({ jobs: [count], threads: 1, logger: false });
  expect(await queue.run(count, { text: 'four' })).toBe(4);
  await queue.close();
});

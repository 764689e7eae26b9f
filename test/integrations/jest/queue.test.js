import { JobQueue } from 'threadmill';
import { createTestQueue } from 'threadmill/testing';
import { check } from './check.js';
import { hello, spin } from './hello.job.js';

test('jobs run on threads, and are killed', async () => {
  const queue = new JobQueue({ jobs: [hello, spin], threads: 2, logger: false });
  expect(await check(queue, { hello, spin })).toContain('it works');
});

test('a test queue runs them without threads', async () => {
  const queue = createTestQueue({ mode: 'inline' });
  expect(await queue.run(hello, { name: 'there' })).toBe('hello there');
  await queue.close();
});

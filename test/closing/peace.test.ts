import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { takes } from '../fixtures/misbehaves.job.js';
import { staysOpen } from '../fixtures/prints.job.js';
import { makeQueue } from '../helpers.js';

const lines = (count: number) => [...Array.from({ length: count }, (_, index) => `line ${index + 1}`), 'exit', ''].join('\n');

function printed(count: number): Promise<string> {
  const file = fileURLToPath(new URL('../fixtures/scripts/prints.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [file, String(count)], { timeout: 40_000, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
  });
}

test('what a job has printed arrives when its queue closes, and the exit handlers of its thread run', async () => {
  for (let times = 0; times < 4; times++) expect(await printed(10)).toBe(lines(10));
  expect(await printed(20_000)).toBe(lines(20_000));
});

test.each(['timer', 'exit handler'])('a thread that does not end by itself (%s) is terminated', async (how) => {
  const queue = makeQueue();
  await queue.run(staysOpen, how);
  expect(await queue.close()).toEqual({ unfinished: [] });
});

test('a thread is not busy any more when its last job has been answered', async () => {
  const queue = makeQueue({ threads: 2 });
  for (let times = 0; times < 50; times++) {
    await queue.run(takes, { ms: 3 });
    expect(queue.stats()).toMatchObject({ counts: { active: 0 }, threads: { busy: 0 } });
  }
});

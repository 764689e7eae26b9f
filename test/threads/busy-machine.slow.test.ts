import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { stuck } from '../fixtures/stuck.job.js';
import { caught, makeQueue } from '../helpers.js';

const neighbours: ChildProcess[] = [];

afterEach(() => {
  for (const neighbour of neighbours.splice(0)) neighbour.kill('SIGKILL');
});

test.each(['loop', 'wait', 'regex'])(
  'on a busy machine a job that computes (%s) is never said to be in native code',
  { timeout: 300_000 },
  async (way) => {
    for (let count = 0; count < 6; count++) neighbours.push(spawn(process.execPath, ['-e', 'for (;;);']));
    const queue = makeQueue({ jobs: [stuck], threads: 4 });
    const ends = await Promise.all(Array.from({ length: 24 }, () => caught(queue.run(stuck, way))));
    expect(ends.filter(({ code }) => code !== 'ERR_TIMEOUT')).toEqual([]);
    expect(ends.filter(({ postMortem }) => postMortem.kind === 'native').map(({ message }) => message)).toEqual([]);
  },
);

import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fixture, folder, threadmill, WORK } from './cli.js';

const SHORT = ['--threads', '1,2', '--warmup', '0', '--duration', '0.5', '--no-main'];

test('bench --profile prints the functions that took the time, where they are in their sources', async () => {
  const files = folder();
  const input = files.write('in.json', '["some text"]');
  const profiles = files.path('profiles');
  const args = ['bench', fixture('mapped.job.js'), '--input', input, ...SHORT, '--profile', profiles];
  const { code, stdout, stderr } = await threadmill(args);
  expect(code).toBe(0);
  // The function stands in line 4, and ten lines further down in what it was compiled from.
  const line = /^hot +\S*mapped\.job\.ts:14 +[\d .]+ +(\d+\.\d)%$/gm;
  expect(stdout).toMatch(/^mapped, 1 thread: where [\d. ]+ ms of CPU went in 2 threads, by [\d ]+ samples$/m);
  expect(stdout).toMatch(/^mapped, 2 threads: where /m);
  const shares = [...stdout.matchAll(line)].map(([, share]) => Number(share));
  expect(shares).toHaveLength(2);
  for (const share of shares) expect(share).toBeGreaterThan(50);
  expect(stdout).not.toContain('profile-thread');
  const written = readdirSync(profiles);
  // A thread in reserve each.
  expect(written.filter((name) => /^mapped-1-thread-thread-\d+\.cpuprofile$/.test(name))).toHaveLength(2);
  expect(written.filter((name) => /^mapped-2-threads-thread-\d+\.cpuprofile$/.test(name))).toHaveLength(3);
  for (const name of written) expect(stderr).toContain(name);
  const profile = JSON.parse(files.text(`profiles/${written[0]}`));
  expect(profile).toMatchObject({ nodes: expect.any(Array), startTime: expect.any(Number), endTime: expect.any(Number) });
  expect(profile.samples).toHaveLength(profile.timeDeltas.length);
});

test('--json has the functions too', async () => {
  const files = folder();
  const input = files.write('in.json', '["some text"]');
  const args = ['bench', fixture('mapped.job.js'), '--input', input, ...SHORT, '--json', '--profile', files.path('profiles')];
  const { rows } = JSON.parse((await threadmill(args)).stdout);
  expect(rows[0].profile).toMatchObject({ threads: 2, samples: expect.any(Number), busy: expect.any(Number) });
  expect(rows[0].profile.functions[0]).toMatchObject({ functionName: 'hot', place: expect.stringMatching(/mapped\.job\.ts:14$/) });
  const shares = rows[0].profile.functions.map(({ share }: { share: number }) => share);
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(shares.reduce((sum: number, share: number) => sum + share)).toBeLessThanOrEqual(1.0001);
});

test('a thread that was killed takes its profile with it, and the others are still there', async () => {
  const files = folder();
  const input = files.write('in.json', '[{ "ms": 1 }, { "ms": -1 }]');
  const args = ['bench', WORK, '--job', 'spin', '--input', input, '--threads', '2', '--warmup', '0', '--count', '6', '--timeout', '100'];
  const { code, stdout } = await threadmill([...args, '--no-main', '--profile', files.path('profiles')]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^spin, 2 threads: where /m);
}, 60_000);

test('a folder that cannot be made is a wrong argument', async () => {
  const files = folder();
  const input = files.write('in.json', '[1]');
  const result = await threadmill(['bench', WORK, '--job', 'echo', '--input', input, '--profile', `${input}/profiles`]);
  expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be made') });
});

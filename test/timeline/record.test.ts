import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordTimeline } from 'threadmill/timeline';
import { expect, onTestFinished, test } from 'vitest';
import { bomb, patient } from '../fixtures/bomb.job.js';
import { caught, makeQueue, next, until } from '../helpers.js';
import { failing, pausing, quick, spinning } from './fixtures/mixed.job.js';
import { expectApart, readTrace } from './trace.js';

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'threadmill-timeline-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'timeline.json');
}

test('every attempt is a slice on the track of its thread, and slices of a track never overlap', async () => {
  const path = file();
  const queue = makeQueue({ name: 'mixed', threads: 2, spareThreads: 1 });
  const timeline = recordTimeline(queue, path);
  const jobs = await Promise.all([
    ...Array.from({ length: 2_000 }, (_, n) => queue.add(quick, n)),
    ...Array.from({ length: 10 }, () => queue.add(pausing, 3)),
    ...Array.from({ length: 5 }, () => queue.add(failing, null)),
    ...Array.from({ length: 2 }, () => queue.add(spinning, null)),
  ]);
  await Promise.allSettled(jobs.map((job) => job.result()));
  await timeline.close();
  const { slices, names } = readTrace(path);
  expect(slices).toHaveLength(2_000 + 10 + 10 + 2);
  expectApart(slices);
  expect(timeline.dropped).toBe(0);
  const [job] = jobs as [(typeof jobs)[0]];
  const [attempt] = job.attempts as any;
  const slice = slices.find(({ args }) => args.id === job.id);
  expect(slice).toMatchObject({
    name: 'quick',
    cat: 'job',
    cname: 'good',
    pid: process.pid,
    tid: attempt.threadId,
    args: { id: job.id, attempt: 1, outcome: 'completed' },
  });
  expect(slice.dur).toBeCloseTo(attempt.duration * 1_000, 0);
  expect(slice.args.wait).toBeCloseTo(job.waitTime as number, 2);
  const killed = jobs.at(-1) as (typeof jobs)[0];
  const { cpu } = slices.find(({ args }) => args.id === killed.id).args;
  expect(cpu).toBe(killed.attempts[0]?.cpuTime === undefined ? undefined : Math.round(killed.attempts[0].cpuTime * 1_000) / 1_000);
  expect(names).toContainEqual({ name: 'process_name', ph: 'M', pid: process.pid, args: { name: 'mixed' } });
  const tracks = new Set(slices.map(({ tid }) => tid));
  expect(names.filter(({ name, tid }) => name === 'thread_name' && tracks.has(tid))).toHaveLength(tracks.size);
});

test('outcomes have names and colours of their own', async () => {
  const path = file();
  const queue = makeQueue();
  await using timeline = recordTimeline(queue, path);
  await caught((await queue.add(failing, null)).result());
  await caught(queue.run(spinning, null));
  const cancelled = await queue.add(pausing, 60_000);
  await next(queue, 'active');
  cancelled.cancel();
  await caught(cancelled.result());
  await timeline.close();
  const { slices } = readTrace(path);
  expect(slices.map(({ name, cname, args }) => [name, cname, args.attempt, args.error?.replace(/ in .*/, '')])).toEqual([
    ['failing failed', 'bad', 1, 'attempt 1'],
    ['failing failed', 'bad', 2, 'attempt 2'],
    ['spinning timed-out', 'terrible', 1, 'spinning timed out after 50 ms'],
    ['pausing cancelled', 'grey', 1, 'pausing was cancelled'],
  ]);
});

test('kills and boots are marks on the track of their thread, before and behind its jobs', async () => {
  const path = file();
  const queue = makeQueue();
  const timeline = recordTimeline(queue, path);
  await caught(queue.run(spinning, null));
  await queue.run(quick, 1);
  await timeline.close();
  const { marks, slices } = readTrace(path);
  const [killed, after] = slices;
  expect(after.tid).not.toBe(killed.tid);
  const kill = marks.find(({ name }) => name === 'killed: timed-out');
  expect(kill).toMatchObject({ tid: killed.tid, s: 't', args: { id: killed.args.id } });
  expect(kill.ts).toBeGreaterThanOrEqual(killed.ts + killed.dur - 1);
  for (const { tid, ts } of slices) {
    const boot = marks.find((mark) => mark.name === 'booted' && mark.tid === tid);
    expect(boot.args.ms).toBeGreaterThan(0);
    expect(boot.ts).toBeLessThanOrEqual(ts);
  }
});

test('an attempt that another job interrupted is a mark', async () => {
  const path = file();
  const queue = makeQueue();
  const timeline = recordTimeline(queue, path);
  const memory = new SharedArrayBuffer(4);
  await queue.run(bomb, memory);
  await queue.run(patient, memory);
  await timeline.close();
  const { marks, slices } = readTrace(path);
  expect(marks.map(({ name }) => name)).toContain('patient interrupted');
  expect(slices.map(({ name }) => name)).toEqual(['bomb', 'patient']);
  expectApart(slices);
});

test('how many jobs wait is a counter', async () => {
  const path = file();
  const queue = makeQueue();
  queue.pause();
  const timeline = recordTimeline(queue, path);
  const runs = Array.from({ length: 7 }, () => queue.run(quick, 1));
  await until(() => existsSync(path) && readFileSync(path, 'utf8').includes('"jobs":7'));
  queue.resume();
  await Promise.all(runs);
  await timeline.close();
  const { counters } = readTrace(path);
  const seen = counters.map(({ name, args }) => [name, args.jobs]);
  expect(seen.slice(0, 2)).toEqual([
    ['waiting', 0],
    ['waiting', 7],
  ]);
  expect(seen.at(-1)).toEqual(['waiting', 0]);
});

test('a file gets no longer than it may, stays whole, and says what is missing', async () => {
  const path = file();
  const queue = makeQueue();
  const timeline = recordTimeline(queue, path, { maxBytes: 100_000 });
  await Promise.all(Array.from({ length: 3_000 }, () => queue.run(quick, 1)));
  await timeline.close();
  const { slices, marks } = readTrace(path);
  expect(statSync(path).size).toBeLessThan(300_000);
  expect(timeline.dropped).toBeGreaterThan(0);
  expect(slices.length + timeline.dropped).toBeGreaterThanOrEqual(3_000);
  expect(marks.map(({ name }) => name)).toContain(`${timeline.dropped} more are not in this file`);
});

test.skipIf(process.platform === 'win32')('a disk that takes nothing costs bounded memory', async () => {
  const path = file();
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
  const queue = makeQueue({ threads: 2, maxWaiting: 200_000, keepCompleted: 0 });
  const timeline = recordTimeline(queue, path);
  for (let round = 0; round < 60 && timeline.dropped === 0; round++)
    await Promise.all(Array.from({ length: 2_000 }, () => queue.run(quick, 1)));
  expect(timeline.dropped).toBeGreaterThan(0);
  const closed = timeline.close();
  const cat = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const part of cat.stdout) text += part;
  await closed;
  expect(JSON.parse(text).at(-1).name).toMatch(/more are not in this file/);
});

test('a file that cannot be written is told by close, and harms no job', async () => {
  const queue = makeQueue();
  const timeline = recordTimeline(queue, join(file(), 'no', 'such', 'folder'));
  expect(await queue.run(quick, 1)).toBe(1);
  expect((await caught(timeline.close())).code).toMatch(/ENOENT|ENOTDIR/);
  expect(await queue.run(quick, 2)).toBe(2);
});

test('closed, it leaves no listener and no timer behind', async () => {
  const queue = makeQueue();
  const [events, workers] = [queue.eventNames(), process.listenerCount('worker')];
  const timeline = recordTimeline(queue, file());
  await timeline.close();
  await timeline.close();
  expect([queue.eventNames(), process.listenerCount('worker')]).toEqual([events, workers]);
});

import { expect, test } from 'vitest';
import { expectApart, readTrace } from '../timeline/trace.js';
import { folder, ndjson, threadmill, WORK } from './cli.js';

test('run --timeline records every attempt, also of jobs that fail', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson([{ how: 'throw' }, { how: 'not' }, { how: 'not' }]));
  const args = ['--input', input, '--out', files.path('out.ndjson'), '--timeline', files.path('t.json'), '--threads', '2'];
  const { code } = await threadmill(['run', WORK, '--job', 'fail', ...args]);
  expect(code).toBe(1);
  const { slices, names } = readTrace(files.path('t.json'));
  expect(slices.map(({ name }) => name).sort()).toEqual(['fail', 'fail', 'fail failed', 'fail failed', 'fail failed']);
  expectApart(slices);
  expect(names.find(({ name }) => name === 'process_name').args.name).toBe('fail');
});

test('bench --timeline has each measurement as a process of its own, one after the other', async () => {
  const files = folder();
  const input = files.write('in.json', '[{ "ms": 1 }]');
  const args = ['--threads', '1,2', '--warmup', '0', '--duration', '0.2', '--no-main', '--timeline', files.path('t.json')];
  expect(await threadmill(['bench', WORK, '--job', 'spin', '--input', input, ...args])).toMatchObject({ code: 0 });
  const { slices, names } = readTrace(files.path('t.json'));
  const processes = names.filter(({ name }) => name === 'process_name');
  expect(processes.map(({ args: { name } }) => name)).toEqual(['spin, 1 thread', 'spin, 2 threads']);
  const [first, second] = processes.map(({ pid }) => slices.filter((slice) => slice.pid === pid));
  expect(new Set(first?.map(({ tid }) => tid)).size).toBe(1);
  expect(Math.max(...(first ?? []).map(({ ts, dur }) => ts + dur))).toBeLessThan(Math.min(...(second ?? []).map(({ ts }) => ts)));
  expectApart(slices);
});

test('a timeline that cannot be opened is a wrong argument, and one that is the output too is refused', async () => {
  const files = folder();
  const input = files.write('in.ndjson', '1\n');
  const none = await threadmill(['run', WORK, '--job', 'echo', '--input', input, '--timeline', files.path('no/such/folder.json')]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be opened') });
  const same = files.path('out.ndjson');
  const twice = await threadmill(['run', WORK, '--job', 'echo', '--input', input, '--out', same, '--timeline', same]);
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('--out and --timeline are the same file') });
});

import { expect, test } from 'vitest';
import { Command, folder, ndjson, parsed, threadmill, WORK } from './cli.js';

const run = (job: string, ...args: string[]) => ['run', WORK, '--job', job, ...args];

test('a run that was stopped goes on where the rest begins: every line has one result or dead letter, in order', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson(Array.from({ length: 3_000 }, () => ({ ms: 1 }))));
  const names = ['--input', input, '--out', files.path('out.ndjson'), '--dead-letters', files.path('dead.ndjson'), '--threads', '1'];
  const first = new Command(run('spin', ...names));
  await first.said('stderr', /spin 10%/);
  first.child.kill('SIGINT');
  const { code, stderr } = await first.ended;
  expect(code).toBe(130);
  const [, line] = /go on with (--from-line \d+ --append)/.exec(stderr) as unknown as [string, string];
  expect(await threadmill(run('spin', ...names, ...line.split(' ')))).toMatchObject({ code: 0 });

  const [results, dead] = [files.json('out.ndjson'), files.json('dead.ndjson')];
  expect(results.map(({ index }) => index)).toEqual(results.map(({ index }) => index).sort((a, b) => a - b));
  const seen = [...results, ...dead].map(({ index }) => index).sort((a, b) => a - b);
  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, n) => n));
});

test('lines before --from-line are counted and not run; blank ones are lines and no inputs', async () => {
  const { stdout, code } = await threadmill(run('echo', '--from-line', '4'), '"a"\n\n"b"\n"c"\n"d"\n');
  expect(parsed(stdout)).toEqual([
    { index: 2, output: 'c' },
    { index: 3, output: 'd' },
  ]);
  expect(code).toBe(0);
  expect((await threadmill(run('echo', '--from-line', '0'), '1\n')).code).toBe(2);
});

test('--append keeps what is there; a line that was not finished stays one of its own', async () => {
  const files = folder();
  const out = files.write('out.ndjson', '{"index":0,"output":"whole"}\n{"index":1,"out');
  await threadmill(run('echo', '--out', out, '--append'), '"new"\n');
  await threadmill(run('echo', '--out', out, '--append'), '"newer"\n');
  expect(files.text('out.ndjson')).toBe(
    '{"index":0,"output":"whole"}\n{"index":1,"out\n{"index":0,"output":"new"}\n{"index":0,"output":"newer"}\n',
  );
  await threadmill(run('echo', '--out', out), '"alone"\n');
  expect(files.text('out.ndjson')).toBe('{"index":0,"output":"alone"}\n');
});

test('a dead letter has the stack of its error, and says where a killed job was', async () => {
  const files = folder();
  const dead = ['--dead-letters', files.path('dead.ndjson'), '--max-attempts', '1', '--timeout', '200'];
  await threadmill(run('spin', ...dead), `${ndjson([{ ms: -1 }, { wrong: 1 }])}`);
  const [killed, refused] = files.json('dead.ndjson').map(({ error }) => error);
  expect(killed.postMortem).toEqual({ kind: 'cpu', at: expect.stringMatching(/^run \(file:.*work\.job\.js:\d+:\d+\)$/) });
  expect(killed.stack).toMatch(/^TimeoutError: .*\n {4}at run .*work\.job\.js:\d+/);
  expect(refused).toEqual({ name: 'InputError', message: expect.any(String), code: 'ERR_INPUT' });
});

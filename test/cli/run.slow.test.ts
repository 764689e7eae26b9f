import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Command, folder, inTerminal, ndjson, parsed, threadmill, WORK } from './cli.js';

const run = (job: string, ...args: string[]) => ['run', WORK, '--job', job, ...args];

test('every line becomes a result with its index, in the order of the inputs', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson([{ ms: 60 }, { ms: 0 }, { ms: 1 }]));
  const { code, stderr } = await threadmill(run('spin', '--input', input, '--out', files.path('out.ndjson'), '--threads', '2'));
  expect(files.text('out.ndjson')).toBe('{"index":0,"output":{"ms":60}}\n{"index":1,"output":{"ms":0}}\n{"index":2,"output":{"ms":1}}\n');
  expect(stderr).toMatch(/spin: 3 completed, 0 failed/);
  expect(code).toBe(0);
});

test('with --no-ordered a result is written as soon as it is there', async () => {
  const { stdout, code } = await threadmill(run('spin', '--no-ordered', '--threads', '2'), ndjson([{ ms: 700 }, { ms: 0 }]));
  expect(parsed(stdout).map(({ index }) => index)).toEqual([1, 0]);
  expect(code).toBe(0);
});

test('with --with-input a result carries its input; one without output is null', async () => {
  const { stdout } = await threadmill(run('fail', '--with-input'), ndjson([{ how: 'nothing' }]));
  expect(stdout).toBe('{"index":0,"input":{"how":"nothing"},"output":null}\n');
});

test('a byte order mark, CRLF, blank lines, U+2028 in a text and a last line without end are read as they are meant', async () => {
  const { stdout, code } = await threadmill(run('echo'), '\uFEFF1\r\n\r\n   \n"a\u2028b"\n"é€😀"');
  expect(parsed(stdout)).toEqual([
    { index: 0, output: 1 },
    { index: 1, output: 'a\u2028b' },
    { index: 2, output: 'é€😀' },
  ]);
  expect(code).toBe(0);
});

test('an empty input is done at once', async () => {
  expect(await threadmill(run('echo'))).toMatchObject({ code: 0, stdout: '' });
});

test('results come while the input is still open', async () => {
  const command = new Command(run('echo'));
  command.child.stdin.write('"first"\n');
  await command.said('stdout', /first/);
  command.child.stdin.end('"second"\n');
  expect(await command.ended).toMatchObject({ code: 0, stdout: '{"index":0,"output":"first"}\n{"index":1,"output":"second"}\n' });
});

test('a malformed line is reported with its number and fails; nothing else is lost', async () => {
  const files = folder();
  const dead = files.path('dead.ndjson');
  const { code, stdout, stderr } = await threadmill(run('echo', '--dead-letters', dead), '1\n\n{"broken":\n3\n');
  expect(parsed(stdout)).toEqual([
    { index: 0, output: 1 },
    { index: 2, output: 3 },
  ]);
  expect(stderr).toMatch(/^line 3: SyntaxError: not JSON/m);
  expect(files.json('dead.ndjson')).toEqual([
    {
      deadLetter: 'echo',
      index: 1,
      line: 3,
      text: '{"broken":',
      error: { name: 'SyntaxError', message: expect.any(String) },
      attempts: 0,
    },
  ]);
  expect(code).toBe(1);
});

test('a JSON array where lines belong is explained', async () => {
  const { stderr, code } = await threadmill(run('echo'), '[\n1\n]\n');
  expect(stderr).toMatch(/line 1: .*a JSON array must be split into one line for each input/);
  expect(code).toBe(1);
});

test('failures go to the dead letters with input, error and attempts', async () => {
  const files = folder();
  const inputs = [{ how: 'throw' }, { how: 'text' }, { how: 'bigint' }, { how: 'wrong' }, { how: 'not' }];
  const { code, stdout, stderr } = await threadmill(run('fail', '--dead-letters', files.path('dead.ndjson')), ndjson(inputs));
  expect(parsed(stdout)).toEqual([{ index: 4, output: 'fine' }]);
  const facts = (index: number) => ({ deadLetter: 'fail', index, line: index + 1, input: inputs[index] });
  expect(files.json('dead.ndjson')).toEqual([
    {
      ...facts(0),
      error: { name: 'RangeError', message: 'out of luck', code: 'E_LUCK', stack: expect.stringMatching(/at .*work\.job\.js/) },
      attempts: 3,
    },
    { ...facts(1), error: { name: 'string', message: 'only text' }, attempts: 3 },
    {
      ...facts(2),
      error: { name: 'TypeError', message: expect.stringMatching(/cannot be written as JSON.*BigInt/), stack: expect.any(String) },
      attempts: 1,
    },
    { ...facts(3), error: { name: 'InputError', message: expect.stringMatching(/input\.how/), code: 'ERR_INPUT' }, attempts: 0 },
  ]);
  expect(stderr).toMatch(/^line 1: RangeError: out of luck \(3 attempts\)$/m);
  expect(stderr).toMatch(/fail: 1 completed, 4 failed/);
  expect(code).toBe(1);
});

test('only the first ten failures are printed', async () => {
  const { stderr } = await threadmill(run('fail', '--max-attempts', '1'), ndjson(Array(30).fill({ how: 'throw' })));
  expect(stderr.match(/out of luck/g)).toHaveLength(10);
  expect(stderr).toMatch(/0 completed, 30 failed/);
});

test('a later run takes dead letters as its input', async () => {
  const files = folder();
  const first = ['--timeout', '100', '--max-attempts', '1', '--dead-letters', files.path('dead.ndjson')];
  const { code } = await threadmill(run('spin', ...first), `${ndjson([{ ms: 0 }, { ms: 300 }])}{"ms":\n`);
  expect(code).toBe(1);
  expect(files.json('dead.ndjson').map(({ error }) => error.code ?? error.name)).toEqual(['ERR_TIMEOUT', 'SyntaxError']);

  const again = await threadmill(run('spin', '--input', files.path('dead.ndjson'), '--dead-letters', files.path('dead2.ndjson')));
  expect(again).toMatchObject({ code: 1, stdout: '{"index":0,"output":{"ms":300}}\n' });
  // The text that is not JSON is kept as it was; corrected, it runs.
  expect(files.json('dead2.ndjson')).toMatchObject([{ line: 2, text: '{"ms":' }]);
  const corrected = files.text('dead2.ndjson').replace('"{\\"ms\\":"', '"{\\"ms\\":2}"');
  expect(await threadmill(run('spin'), corrected)).toMatchObject({ code: 0, stdout: '{"index":0,"output":{"ms":2}}\n' });
});

test.for([
  ['--input', '--out'],
  ['--input', '--dead-letters'],
  ['--out', '--dead-letters'],
])('%s and %s must not be the same file, which stays as it is', async ([one, other]) => {
  const files = folder();
  const file = files.write('same.ndjson', '1\n');
  const { code, stderr } = await threadmill(run('echo', one as string, file, other as string, file));
  expect(stderr).toContain(`${one} and ${other} are the same file`);
  expect(files.text('same.ndjson')).toBe('1\n');
  expect(code).toBe(2);
});

test('a file that cannot be opened is a usage error', async () => {
  const files = folder();
  expect(await threadmill(run('echo', '--input', files.path('none')))).toMatchObject({ code: 2, stderr: expect.stringMatching(/ENOENT/) });
  expect(await threadmill(run('echo', '--input', files.path('.')))).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/is a directory/),
  });
  const out = await threadmill(run('echo', '--out', files.path('no/such/folder')), '1\n');
  expect(out).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot be opened/) });
});

test('options are checked against the definition', async () => {
  const { code, stderr } = await threadmill(run('once', '--max-attempts', '2'), '1\n');
  expect(stderr).toMatch(/maxAttempts/);
  expect(code).toBe(2);
});

test('a reader that closes the pipe ends the command', async () => {
  const command = new Command(run('echo'));
  const numbers = ndjson(Array.from({ length: 50_000 }, (_, n) => n));
  command.child.stdin.end(numbers);
  await command.said('stdout', /"index":0/);
  command.child.stdout.destroy();
  const { code, stderr } = await command.ended;
  expect(stderr).toMatch(/stdout cannot be written: .*EPIPE/);
  expect(stderr).toMatch(/the rest begins at line \d+/);
  expect(code).toBe(1);
});

test('200 000 lines run in a heap of 48 MB', async () => {
  const files = folder();
  const input = files.write('in.ndjson', `${Array.from({ length: 200_000 }, (_, n) => n).join('\n')}\n`);
  const args = run('echo', '--input', input, '--out', files.path('out.ndjson'), '--threads', '1');
  const { code, stderr } = await threadmill(args, '', { NODE_OPTIONS: '--max-old-space-size=48' });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/200 000 completed, 0 failed/) });
  const lines = files.text('out.ndjson').split('\n');
  expect(lines).toHaveLength(200_001);
  expect(lines.findIndex((line, n) => line !== `{"index":${n},"output":${n}}`)).toBe(200_000);
  rmSync(input);
}, 60_000);

test('Ctrl-C lets active jobs end, writes everything, and tells where the rest begins', async () => {
  const files = folder();
  const inputs = Array.from({ length: 100_000 }, (_, n) => ({ ms: n % 2 }));
  const input = files.write('in.ndjson', ndjson(inputs));
  const command = new Command(run('spin', '--input', input, '--dead-letters', files.path('dead.ndjson'), '--threads', '1'));
  await command.said('stdout', /"index":3,/);
  command.child.kill('SIGINT');
  const { code, stdout, stderr } = await command.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/stopping: active jobs end first/);
  const [dead, results] = [files.json('dead.ndjson'), parsed(stdout)];
  const rest = Number(/the rest begins at line (\d+)/.exec(stderr)?.[1]);
  expect(dead.length).toBeGreaterThan(0);
  expect(new Set(dead.map(({ error }) => error.code))).toEqual(new Set(['ERR_QUEUE_CLOSED']));
  const seen = [...results, ...dead].map(({ index }) => index).sort((a, b) => a - b);
  expect(seen).toEqual(Array.from({ length: rest - 1 }, (_, n) => n));
  expect(stderr).toContain(`read and not run: ${dead.length}; they are in`);
});

test('a second Ctrl-C does not wait for active jobs', async () => {
  const command = new Command(run('spin', '--threads', '2', '--timeout', '600000'));
  command.child.stdin.write(ndjson([{ ms: 0 }, { ms: -1 }]));
  await command.said('stdout', /"index":0/);
  command.child.kill('SIGINT');
  await command.said('stderr', /Ctrl-C again ends at once/);
  command.child.kill('SIGINT');
  expect(await command.ended).toMatchObject({ code: 130 });
});

test('a terminal shows a bar, and failures as lines that stay', async () => {
  const files = folder();
  const input = files.write('in.ndjson', `${ndjson(Array(200).fill({ ms: 1 }))}broken\n`);
  const { stdout, code } = await inTerminal(run('spin', '--input', input, '--out', files.path('out.ndjson')));
  expect(stdout).toMatch(/spin [█░]{30} \d+%/);
  expect(stdout).toMatch(/line 201: SyntaxError/);
  expect(stdout).toMatch(/200 completed, 1 failed/);
  expect(code).toBe(1);
});

test('without a terminal every tenth is a line', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson(Array.from({ length: 100 }, (_, n) => n + 100)));
  const { stderr } = await threadmill(run('echo', '--input', input));
  expect(stderr.match(/^echo \d+0% .* completed/gm)?.length).toBeGreaterThan(1);
  expect(stderr).not.toContain('█');
});

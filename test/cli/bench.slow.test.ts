import { expect, test } from 'vitest';
import { Command, fixture, folder, inTerminal, ndjson, threadmill, WORK } from './cli.js';

const SHORT = ['--warmup', '0', '--duration', '0.3'];
const bench = (job: string, input: string, ...args: string[]) => ['bench', WORK, '--job', job, '--input', input, ...args];

test('tables show throughput, latencies, the main thread and the break-even', async () => {
  const input = folder().write('in.json', '[{ "ms": 1 }, { "ms": 2 }]');
  const { code, stdout, stderr } = await threadmill(bench('spin', input, '--threads', '1,2', ...SHORT));
  expect(stdout).toMatch(/spin · 2 inputs from .*in\.json · closed loop, 16, 32 in flight/);
  expect(stdout).toMatch(/jobs\/s +× 1 thread +× main +CPU cores +failed +kills +loop delay p99 ms +loop busy/);
  expect(stdout).toMatch(/^1 thread +[\d. ]+ +1\.00 +\d\.\d\d/m);
  expect(stdout).toMatch(/^2 threads +[\d. ]+ +\d\.\d\d/m);
  expect(stdout).toMatch(/^latency, ms +p50 +p90 +p99 +max$/m);
  for (const what of ['1 thread +wait', 'run', 'total', 'main thread +run'])
    expect(stdout).toMatch(new RegExp(`^ *${what}( +[\\d.]+){4}$`, 'm'));
  expect(stdout).toMatch(/break-even: a job in a thread costs the main thread [\d.]+ µs[^\n]*\nthis job runs .*: threads pay/);
  expect(stderr).toMatch(/^1 thread: .*\/s$/m);
  expect(code).toBe(0);
});

test('--count jobs are measured, and --json has every number', async () => {
  const input = folder().write('in.ndjson', ndjson([1, 2, 3]));
  const { code, stdout } = await threadmill(bench('echo', input, '--threads', '1', '--count', '100', '--warmup', '0', '--json'));
  const result = JSON.parse(stdout);
  const times = {
    p50: expect.any(Number),
    p90: expect.any(Number),
    p99: expect.any(Number),
    max: expect.any(Number),
    mean: expect.any(Number),
  };
  expect(result).toMatchObject({ job: 'echo', inputs: 3, machine: { node: process.version }, interrupted: false });
  expect(result.rows).toEqual([
    {
      threads: 1,
      concurrency: 16,
      seconds: expect.any(Number),
      completed: 100,
      failed: 0,
      failures: {},
      unfinished: 0,
      kills: 0,
      jobsPerSecond: expect.any(Number),
      wait: times,
      run: times,
      total: times,
      cpu: expect.any(Number),
      eventLoop: { delay: times, utilization: expect.any(Number) },
      overhead: expect.any(Number),
      speedUp: { overOneThread: 1, overMain: expect.any(Number) },
      interrupted: false,
    },
  ]);
  expect(result.mainThread).toMatchObject({ completed: 100, failed: 0 });
  expect(result.breakEven).toMatchObject({ runTime: expect.any(Number), measured: result.rows[0].run.mean });
  expect(code).toBe(0);
});

test('latency under an arrival rate counts from the intended start: waiting is not hidden', async () => {
  const input = folder().write('in.ndjson', ndjson([{ ms: 20 }]));
  // 30 jobs arrive in 60 ms; one thread needs 600 ms.
  const { stdout } = await threadmill(
    bench('spin', input, '--threads', '1', '--rate', '500', '--count', '30', '--warmup', '0', '--json', '--no-main'),
  );
  const { rows, mainThreadSkipped } = JSON.parse(stdout);
  const [row] = rows;
  // On a machine that is busy elsewhere some may not end in time; their age counts.
  expect(row).toMatchObject({ rate: 500, failed: 0 });
  expect(row.completed + row.unfinished).toBe(30);
  expect(row.speedUp).toBeUndefined();
  expect(row.total.max).toBeGreaterThan(600 - 60);
  expect(row.wait.max).toBeGreaterThan(20 * row.completed - 60 - 20);
  expect(row.run.p50).toBeGreaterThanOrEqual(19.9);
  expect(mainThreadSkipped).toBe('--no-main');
});

test('a rate beyond the machine leaves jobs unfinished, whose age counts', async () => {
  const input = folder().write('in.ndjson', ndjson([{ ms: 100 }]));
  const { code, stdout } = await threadmill(bench('spin', input, '--threads', '1', '--rate', '300', ...SHORT, '--no-main'));
  expect(stdout).toMatch(/arrived and never ended: the rate is beyond this machine/);
  expect(code).toBe(1);
});

test('failures are counted by code, kills too, and what lost its thread is not run on the main thread', async () => {
  const input = folder().write('in.ndjson', ndjson([{ ms: 0 }, { ms: -1 }]));
  const { code, stdout } = await threadmill(
    bench('spin', input, '--threads', '1', '--count', '4', '--warmup', '0', '--timeout', '100', '--json'),
  );
  const { rows, mainThread, mainThreadSkipped } = JSON.parse(stdout);
  expect(rows[0]).toMatchObject({ completed: 2, failed: 2, failures: { ERR_TIMEOUT: 2 }, kills: 2 });
  expect(mainThread).toBeUndefined();
  expect(mainThreadSkipped).toMatch(/lost its thread/);
  expect(code).toBe(1);
});

test('limits of the definition are not what is measured', async () => {
  const input = folder().write('in.ndjson', '1\n');
  const { code, stderr } = await threadmill(bench('limited', input, '--threads', '1', '--count', '20', '--warmup', '0'));
  expect(stderr).toMatch(/the rateLimit and concurrency of limited are not applied/);
  expect(code).toBe(0);
});

test('refused inputs are named before anything is measured', async () => {
  const input = folder().write('in.json', JSON.stringify([{ ms: 1 }, { ms: 'soon' }, 7]));
  const { code, stdout, stderr } = await threadmill(bench('spin', input));
  expect(stderr).toMatch(/the schema of spin refuses 2 of 3 inputs:\n {2}inputs\[1\]\.ms: .*\n {2}inputs\[2\]: /);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test.for([
  ['neither an array nor lines', 'in.json', '[1,\n2', /is neither a JSON array nor JSON lines: line 1/],
  ['empty', 'in.json', '\n', /holds no inputs/],
  ['an empty array', 'in.json', '[]', /holds no inputs/],
] as const)('inputs that are %s are refused', async ([, name, text, message]) => {
  const { code, stderr } = await threadmill(bench('echo', folder().write(name, text)));
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

test('inputs come from stdin too, and a .ndjson file is always lines', async () => {
  const count = async (input: string, stdin: string) => {
    const { stdout } = await threadmill(
      bench('echo', input, '--threads', '1', '--count', '1', '--warmup', '0', '--json', '--no-main'),
      stdin,
    );
    return JSON.parse(stdout).inputs;
  };
  expect(await count('-', '[1, 2]')).toBe(2);
  expect(await count(folder().write('in.ndjson', '[1, 2]\n'), '')).toBe(1);
});

test('--chart draws throughput and latency', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson([1]));
  const chart = ['--chart', files.path('out.svg')];
  const { code } = await threadmill(bench('echo', input, '--rate', '50,100', '--threads', '1', '--no-main', ...SHORT, ...chart));
  const svg = files.text('out.svg');
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  const texts = ['echo: throughput and latency', 'arriving jobs a second', 'arriving = done', 'latency, ms', 'total p99'];
  expect(texts.filter((text) => !svg.includes(text))).toEqual([]);
  expect(svg).not.toContain('failed/s');
  expect(code).toBe(0);
});

test('--chart draws failures where there are some', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson([{ how: 'throw' }, { how: 'not' }]));
  const chart = ['--chart', files.path('out.svg')];
  const { code } = await threadmill(bench('fail', input, '--threads', '1', '--no-main', ...SHORT, ...chart));
  expect(files.text('out.svg')).toContain('failed/s');
  expect(files.text('out.svg')).not.toContain('arriving');
  expect(code).toBe(1);
});

test('--chart without echarts says what to install, before anything is measured', async () => {
  const files = folder();
  const env = { NODE_OPTIONS: `--import ${fixture('without-echarts.js')}` };
  const args = bench('echo', files.write('in.ndjson', '1\n'), '--chart', files.path('out.svg'));
  const { code, stderr, stdout } = await threadmill(args, '', env);
  expect(stderr).toMatch(/--chart needs the package echarts; install it with: npm install echarts/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('Ctrl-C prints what there is so far', async () => {
  const input = folder().write('in.ndjson', ndjson([{ ms: 1 }]));
  const command = new Command(bench('spin', input, '--threads', '1,2', '--warmup', '0', '--count', '1000'));
  await command.said('stderr', /^1 thread 20%/m);
  command.child.kill('SIGINT');
  const { code, stdout } = await command.ended;
  expect(stdout).toMatch(/^1 thread \(stopped\) +\d/m);
  expect(stdout).not.toMatch(/^2 threads/m);
  expect(code).toBe(130);
});

test('a terminal shows a bar', async () => {
  const input = folder().write('in.ndjson', ndjson([{ ms: 1 }]));
  const { stdout, code } = await inTerminal(bench('spin', input, '--threads', '1', '--no-main', '--warmup', '0', '--count', '20'));
  expect(stdout).toMatch(/1 thread [█░]{30} \d+% /);
  expect(stdout).toMatch(/1 thread: [\d. ]+\/s/);
  expect(code).toBe(0);
});

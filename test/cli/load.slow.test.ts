import { expect, test } from 'vitest';
import { fixture, folder, inTerminal, threadmill, WORK } from './cli.js';

test('--job is not needed when the module exports one definition, under whatever names', async () => {
  const { stdout, code } = await threadmill(['run', fixture('single.job.js')], '4\n');
  expect(stdout).toBe('{"index":0,"output":8}\n');
  expect(code).toBe(0);
});

test.for([
  [
    'several definitions and no --job',
    ['run', WORK],
    /exports several job definitions: choose with --job one of echo, fail, limited, once, spin/,
  ],
  ['a job that is not there', ['run', WORK, '--job', 'render'], /exports no job called "render"; it exports echo, fail/],
  ['a module without definitions', ['run', fixture('empty.job.js')], /exports no job definition; export what defineJob returns/],
  ['a module that throws', ['run', fixture('broken.job.js')], /broken\.job\.js failed to load: broken at import/],
  ['a file that is not there', ['bench', 'no-such.job.js', '--input', 'x'], /no-such\.job\.js: there is no such file/],
  ['a number that is none', ['run', WORK, '--threads', 'many'], /'many' is invalid\. Expected a whole number from 1/],
  ['a list with a hole', ['bench', WORK, '--input', 'x', '--threads', '1,,2'], /Expected a whole number from 1/],
  ['a rate of 0', ['bench', WORK, '--input', 'x', '--rate', '0'], /Expected a number above 0/],
  ['--rate with --concurrency', ['bench', WORK, '--input', 'x', '--rate', '5', '--concurrency', '2'], /cannot be used with/],
  ['bench without --input', ['bench', WORK], /required option '--input <file>' not specified/],
  ['an option that is not known', ['run', WORK, '--thread', '1'], /unknown option '--thread'/],
  ['a command that is not known', ['measure'], /unknown command 'measure'/],
  ['no command', [], /Usage: threadmill/],
] as const)('%s is a usage error', async ([, args, message]) => {
  const { code, stdout, stderr } = await threadmill(args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a .ts job runs, with tsx where Node does not load it', async () => {
  expect(await threadmill(['run', fixture('typed.job.ts')], '1\n')).toMatchObject({ code: 0, stdout: '{"index":0,"output":2}\n' });
});

test('help names every option, the defaults and the exit codes', async () => {
  for (const command of ['bench', 'run']) {
    const { code, stdout } = await threadmill([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/--job <name>[\s\S]*--threads[\s\S]*Exit codes:\n {2}0 {4}done[\s\S]*130[\s\S]*Examples:/);
  }
  expect(await threadmill(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/bench[\s\S]*run[\s\S]*Exit codes/) });
});

test('--version is that of the package', async () => {
  expect(await threadmill(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});

test('an error in a terminal leaves no bar behind', async () => {
  const { stdout, code } = await inTerminal(['run', WORK, '--job', 'echo', '--input', folder().path('none')]);
  expect(stdout).toMatch(/^error: .*ENOENT/);
  expect(stdout).not.toMatch(/[█░]/);
  expect(code).toBe(2);
});

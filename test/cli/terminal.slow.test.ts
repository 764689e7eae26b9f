import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Command, fixture, folder, MAIN, ndjson, threadmill, WORK } from './cli.js';

/** What a terminal shows after a text: of the control sequences it knows those that the command may use, and shows all others. */
function screen(text: string): string {
  const lines: string[][] = [[]];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is parsed
  for (const [part] of text.matchAll(/\x1b\[2K|[\s\S]/g)) {
    const line = lines.at(-1) as string[];
    if (part === '\r') column = 0;
    else if (part === '\x1b[2K') line.length = 0;
    else if (part === '\n') lines.push([]);
    else line[column++] = part;
  }
  return lines.map((line) => Array.from(line, (part) => part ?? ' ').join('')).join('\n');
}

/** The command in a terminal of its own, at which keys are pressed. */
class Terminal extends Command {
  constructor(args: readonly string[]) {
    const line = [process.execPath, MAIN, ...args].map((arg) => `'${arg}'`).join(' ');
    super(['-qec', `stty rows 24 cols 80; ${line}`, '/dev/null'], { TERM: 'xterm' }, 'script', []);
  }

  press(keys: string): void {
    this.child.stdin.write(keys);
  }
}

const CTRL_C = '\x03';

function spinning(times: readonly number[]) {
  const files = folder();
  const input = files.write('in.ndjson', ndjson(times.map((ms) => ({ ms }))));
  return new Terminal([
    'run',
    WORK,
    '--job',
    'spin',
    '--threads',
    '1',
    '--timeout',
    '600000',
    '--input',
    input,
    '--out',
    files.path('out.ndjson'),
  ]);
}

test('Ctrl-C leaves the lines of a terminal whole, and the cursor below them', async () => {
  const command = spinning(Array(5_000).fill(5));
  await command.said('stdout', /[1-9]\d* completed/);
  command.press(CTRL_C);
  const { code, stdout } = await command.ended;
  expect(code).toBe(130);
  expect(screen(stdout)).toMatch(
    /^stopping: active jobs end first; Ctrl-C again ends at once\nspin: [\d ]+ completed, 0 failed, \S+\nread and not run: [\d ]+; the first is line \d+\n\S+ was read up to line \d+; the rest begins at line \d+: go on with --from-line \d+ --append\n$/,
  );
});

test('a second Ctrl-C ends at once, and takes the bar away', async () => {
  const command = spinning([0, -1, -1]);
  await command.said('stdout', /1 completed/);
  command.press(CTRL_C);
  await command.said('stdout', /Ctrl-C again/);
  command.press(CTRL_C);
  const { code, stdout } = await command.ended;
  expect(code).toBe(130);
  expect(screen(stdout)).toMatch(/^stopping: active jobs end first; Ctrl-C again ends at once\n$/);
});

test('a bar is never wider than the terminal', async () => {
  const files = folder();
  const input = files.write('in.ndjson', ndjson(Array(300).fill({ ms: 1 })));
  const args = ['run', WORK, '--job', 'spin', '--input', input, '--out', files.path('out.ndjson')];
  const line = `stty rows 24 cols 40; ${[process.execPath, MAIN, ...args].map((arg) => `'${arg}'`).join(' ')}`;
  const { stdout } = await new Command(['-qec', line, '/dev/null'], { TERM: 'xterm' }, 'script', []).ended;
  const drawn = stdout.split(/\r|\n/).filter((one) => /[█░]/.test(one));
  expect(drawn.length).toBeGreaterThan(1);
  for (const one of drawn) expect(one.replace('\x1b[2K', '').length).toBeLessThan(40);
  expect(screen(stdout)).not.toMatch(/[█░]/);
});

test('a chart that cannot be made leaves no file, and an older one as it was', async () => {
  const files = folder();
  const older = files.write('older.svg', 'older');
  const input = files.write('in.ndjson', '1\n');
  const bench = (file: string, ...args: string[]) =>
    threadmill(['bench', WORK, '--job', 'echo', '--input', input, '--chart', file, '--threads', '1', ...args]);
  for (const file of [files.path('new.svg'), older]) {
    // Nothing can be measured, for no thread can load the job.
    const broken = await threadmill(['bench', fixture('broken-in-threads.job.js'), '--input', input, '--chart', file, '--threads', '1']);
    expect(broken.code).toBe(2);
  }
  expect(existsSync(files.path('new.svg'))).toBe(false);
  expect(files.text('older.svg')).toBe('older');
  expect((await bench(files.path('none/new.svg'))).stderr).toMatch(/cannot be opened/);
});

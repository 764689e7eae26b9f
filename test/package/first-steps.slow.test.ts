import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../docs.js';

// What the README tells somebody new to do, done as it stands, in an empty folder, with the package as it is packed.

const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** Where npm leaves its log and npx its choice of Node.js: the one that runs this. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`, npm_config_update_notifier: 'false' };
let place: string;
let tarball: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'threadmill-first-steps-'));
  // Without its scripts: they would build anew under other tests.
  tarball = join(tmpdir(), shell('npm pack --silent --ignore-scripts --pack-destination "$TMPDIR"', root).trim());
});

afterAll(() => {
  for (const path of [place, tarball]) rmSync(path, { recursive: true, force: true });
});

function shell(command: string, cwd = place): string {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd, env: { TMPDIR: tmpdir(), ...env }, encoding: 'utf8' });
  expect(status, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** Whether a line of a command is for this Node.js: it may say `# Node.js 22.18 and later`. */
function isForThisNode(line: string): boolean {
  const [, major, minor] = /# Node\.js (\d+)\.(\d+) and later/.exec(line) ?? [];
  const [ours, oursMinor] = process.versions.node.split('.').map(Number) as [number, number];
  return major === undefined || ours > Number(major) || (ours === Number(major) && oursMinor >= Number(minor));
}

/** Does what a section of the README says, from top to bottom; gives what each command printed. */
function follow(section: string): Map<string, string> {
  const text = readme.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '';
  const printed = new Map<string, string>();
  for (const [, language, code] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm) as Iterable<[string, string, string]>) {
    if (language === 'sh') {
      for (const line of code.trim().split('\n').filter(isForThisNode)) {
        printed.set(line, shell(line.replace(/\bthreadmill\b/, tarball)));
      }
    } else {
      const [, name, rest] = /^\/\/ (\S+)\n([\s\S]*)$/.exec(code) ?? [];
      expect(name, `no file is named by the block\n${code}`).toBeDefined();
      writeFileSync(join(place, name as string), rest as string);
    }
  }
  return printed;
}

test('the first program runs as the README says', () => {
  expect(follow('A first program').get('node script.js')).toBe('<p>hello</p>\n');
});

test('in TypeScript, by each way that the README says', () => {
  const printed = follow('In TypeScript');
  const ways = [...printed].filter(([command]) => command.includes('script.'));
  expect(ways.length).toBe(isForThisNode('# Node.js 22.18 and later') ? 3 : 2);
  for (const [command, text] of ways) expect(text, command).toBe('<P>TYPED</P>\n');
});

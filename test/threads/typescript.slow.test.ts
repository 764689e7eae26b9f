import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { makeQueue } from '../helpers.js';
import { plain } from './fixtures/typescript/plain.job.js';
import { loud, quiet } from './fixtures/typescript/words.job.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const fixture = (file: string) => fileURLToPath(new URL(`./fixtures/typescript/${file}`, import.meta.url));
const folders: string[] = [];
const ALL = 'plain plain\nLOUD!\nquiet.\n';

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function printed(node: string, args: string[], cwd = root): Promise<string> {
  const { stdout } = await promisify(execFile)(node, args, { cwd, timeout: 50_000 });
  return stdout;
}

/** This Node.js, and others where they were installed: `NODES=/tmp/node22/node_modules/node/bin/node:…`. */
const nodes = [process.execPath, ...(process.env.NODES?.split(':') ?? [])].filter((node) => existsSync(node));

describe.each(nodes)('TypeScript job files in threads of %s', (node) => {
  test('load where Node.js strips types, else with tsx', async () => {
    expect(await printed(node, [fixture('main.mjs')])).toBe(ALL);
  });

  test('and in a program that tsx runs', async () => {
    expect(await printed(node, [join(root, 'node_modules/tsx/dist/cli.mjs'), fixture('main.ts')])).toBe(ALL);
  });

  test('without tsx the error says what to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'threadmill-typescript-'));
    folders.push(folder);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/threadmill'));
    for (const file of ['words.job.ts', 'shout.ts']) cpSync(fixture(file), join(folder, file));
    const text = await printed(node, [fixture('main.mjs'), pathToFileURL(join(folder, 'words.job.ts')).href], folder);
    expect(text.split('\n')[1]).toMatch(
      /^ERR_MODULE: the module of job "loud" failed to load: .*install tsx \(npm install --save-dev tsx\)/,
    );
  });
});

test('under vitest', async () => {
  const queue = makeQueue();
  expect(await queue.run(loud, 'a')).toBe('A!');
  expect(await queue.run(plain, 'b')).toBe('plain b');
  expect(await queue.run(quiet, 'c')).toBe('c.');
});

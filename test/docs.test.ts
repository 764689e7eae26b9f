import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** The TypeScript blocks of a text. */
function blocks(text: string): string[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

function run(command: string, args: string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

const tsc = join(root, 'node_modules/typescript/bin/tsc');

describe('README.md', () => {
  const place = join(root, '.build/readme');
  const files = blocks(readFileSync(join(root, 'README.md'), 'utf8')).map((code) => ({ name: /^\/\/ (\S+)\n/.exec(code)?.[1], code }));

  it('names the file of each block', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ name }) => name === undefined)).toEqual([]);
  });

  it('shows programs that compile and run', () => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(join(place, 'node_modules'), { recursive: true });
    symlinkSync(root, join(place, 'node_modules/threadmill'), 'dir');
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    const options = {
      extends: '../../tsconfig.json',
      compilerOptions: { rootDir: '.', outDir: '.', noEmit: false, declaration: false },
      include: ['*.ts'],
      exclude: [],
    };
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(options));
    for (const { name, code } of files) writeFileSync(join(place, name as string), code);
    expect(run(process.execPath, [tsc], place)).toEqual({ status: 0, text: '' });
    for (const { name } of files) {
      if (name?.endsWith('.job.ts')) continue;
      const { status, text } = run(process.execPath, [name?.replace(/ts$/, 'js') as string], place);
      expect(text).not.toMatch(/dead letter|Error/);
      expect(status, `${name}: ${text}`).toBe(0);
    }
  });
});

describe('the guides', () => {
  const guides = readdirSync(join(root, 'examples'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it.each(guides)('show code of the example beside them: %s', (name) => {
    const folder = join(root, 'examples', name);
    const sources = readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .map((file) => flat(readFileSync(join(folder, file), 'utf8')));
    for (const block of blocks(readFileSync(join(folder, 'README.md'), 'utf8'))) {
      expect(
        sources.some((source) => source.includes(flat(block))),
        `not in the sources:\n${block}`,
      ).toBe(true);
    }
  });

  it('have examples that compile', () => {
    expect(run(process.execPath, [tsc, '-p', 'examples'], root)).toEqual({ status: 0, text: '' });
  });

  // The demo has a command of its own.
  it.each(guides.filter((name) => name !== 'markdown'))(
    'have examples that run: %s',
    (name) => {
      const { status, text } = run(process.execPath, ['--enable-source-maps', `.build/examples/${name}/main.js`], root);
      expect(status, text).toBe(0);
    },
    60_000,
  );
});

/** Without indentation, blank lines and the comment that names the file. */
function flat(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\/\/ \S+\.ts$/.test(line))
    .join('\n');
}

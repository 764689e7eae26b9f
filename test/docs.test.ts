import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { guides, root, run, tsc } from './docs.js';

/** The TypeScript blocks of a text. */
function blocks(text: string): string[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

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
});

/** Without indentation, blank lines and the comment that names the file. */
function flat(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\/\/ \S+\.ts$/.test(line))
    .join('\n');
}

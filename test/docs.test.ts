import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Block, blocks, compileBlocks, guideOf, guides, root, run, tsc } from './docs.js';

describe('README.md', () => {
  const place = join(root, '.build/readme');
  // The one in TypeScript is run by the test of the first steps.
  const files = blocks(readFileSync(join(root, 'README.md'), 'utf8'))
    .filter(({ language }) => language === 'js')
    .map(({ file: name, code }) => ({ name, code }));

  beforeAll(() => {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(join(place, 'node_modules'), { recursive: true });
    symlinkSync(root, join(place, 'node_modules/threadmill'), 'dir');
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    for (const { name, code } of files) writeFileSync(join(place, name), code);
  });

  it('names the file of each block', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ name }) => !name.endsWith('.js'))).toEqual([]);
  });

  it('shows programs that are TypeScript too', () => {
    const options = {
      extends: '../../tsconfig.json',
      compilerOptions: { rootDir: '.', noEmit: true, declaration: false, stripInternal: false },
      include: ['*.ts'],
      exclude: [],
    };
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(options));
    for (const { name, code } of files) writeFileSync(join(place, name.replace(/js$/, 'ts')), code);
    expect(run(process.execPath, [tsc], place)).toEqual({ status: 0, text: '' });
  });

  it.each(files.filter(({ name }) => !/\.job\.|^server/.test(name)))('shows a program that runs as it stands: $name', ({ name }) => {
    const { status, text } = run(process.execPath, [name], place);
    expect(text).not.toMatch(/dead letter|Error/);
    expect(status, text).toBe(0);
  });

  it('shows a server that answers again and again, and ends when it is told to', async () => {
    const port = await freePort();
    const server = spawn(process.execPath, ['server.js'], { cwd: place, env: { ...process.env, PORT: String(port) } });
    onTestFinished(() => void server.kill('SIGKILL'));
    await once(server.stdout, 'data');
    for (const path of ['/one', '/two']) {
      expect(await (await fetch(`http://localhost:${port}${path}`, { headers: { connection: 'close' } })).text()).toBe(`<p>${path}</p>`);
    }
    server.kill('SIGTERM');
    expect(await once(server, 'exit')).toEqual([0, null]);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe('the guides', () => {
  it.each(guides)('show what is in the files that they name: %s', (name) => {
    const text = readFileSync(guideOf(name), 'utf8');
    for (const block of blocks(text)) {
      const sources = sourcesOf(name, block);
      expect(sources, block.code).not.toEqual([]);
      expect(missing(block, sources), `not in ${block.file}`).toEqual([]);
    }
  });

  it.each(guides)('take no more than lines from within something out of a file, and lead to all of it: %s', (name) => {
    const text = readFileSync(guideOf(name), 'utf8');
    for (const block of blocks(text).filter(({ excerpt }) => excerpt)) {
      const [first] = flat(block.code).split('\n') as [string];
      const lines = sourcesOf(name, block).join('\n').split('\n');
      expect(lines, 'is a statement of the file: give it its imports').not.toContain(first);
      const whole = blocks(text).some(({ file, excerpt }) => file === block.file && !excerpt);
      expect(whole || text.includes(`](${block.file})`), `shows or links ${block.file}`).toBe(true);
    }
  });

  it('show commands of the projects of test/integrations', () => {
    const guide = readFileSync(guideOf('runtimes'), 'utf8');
    const shown = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, command]) => command?.trim() as string);
    const scripts = integrations.filter((path) => path.endsWith('package.json')).map((path) => readFileSync(path, 'utf8'));
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.filter((command) => !scripts.some((script) => script.includes(command)))).toEqual([]);
  });

  it('have blocks that compile as they stand, beside the files of their example', () => {
    expect(compileBlocks()).toEqual({ status: 0, text: '' });
  });
});

const integrations = readdirSync(join(root, 'test/integrations'), { recursive: true, encoding: 'utf8' }).map((path) =>
  join(root, 'test/integrations', path),
);

/** The file that a block names, as it is: of the example, or of the projects that the guide is about. */
function sourcesOf(guide: string, { file }: Block): string[] {
  const paths = guide === 'runtimes' ? integrations.filter((path) => path.endsWith(`/${file}`)) : [join(root, 'examples', guide, file)];
  return paths.filter((path) => existsSync(path) && statSync(path).isFile()).map((path) => readFileSync(path, 'utf8'));
}

/** What a block says and its file does not. Imports are the compiler's to judge; the rest may leave out what is between two paragraphs. */
function missing({ code, excerpt }: Block, sources: readonly string[]): string[] {
  const parts = excerpt ? [code] : code.replaceAll(/^import [\s\S]*?;\n/gm, '').split(/\n{2,}/);
  return parts.map(flat).filter((part) => !sources.some((source) => flat(source).includes(part)));
}

/** Without indentation, blank lines and the comment that names the file. */
function flat(code: string): string {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^\/\/ \S+\.[cm]?[jt]s$/.test(line))
    .join('\n');
}

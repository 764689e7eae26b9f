import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { guides, root, run, tsc } from './docs.js';

/** The blocks of a text in one language. */
function blocks(text: string, language = 'ts'): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] as string);
}

describe('README.md', () => {
  const place = join(root, '.build/readme');
  const files = blocks(readFileSync(join(root, 'README.md'), 'utf8'), 'js').map((code) => ({
    name: /^\/\/ (\S+)\n/.exec(code)?.[1] ?? '',
    code,
  }));

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

  it('show the projects of test/integrations as they are', () => {
    const folder = join(root, 'test/integrations');
    const sources = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => flat(readFileSync(join(entry.parentPath, entry.name), 'utf8')));
    const guide = readFileSync(join(root, 'examples/runtimes/README.md'), 'utf8');
    const shown = [...blocks(guide, 'js'), ...blocks(guide, 'sh')];
    expect(shown.length).toBeGreaterThan(5);
    expect(shown.filter((block) => !sources.some((source) => source.includes(flat(block))))).toEqual([]);
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
    .filter((line) => line !== '' && !/^\/\/ \S+\.[cm]?[jt]s$/.test(line))
    .join('\n');
}

import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

export const guides = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Code of a guide. */
export interface Block {
  language: string;
  /** Lines from within something, such as an option among others: it cannot stand alone. All other blocks do, imports included. */
  excerpt: boolean;
  /** As its first line says. */
  file: string;
  code: string;
}

/** Where the text of a guide is. */
export const guideOf = (name: string) => join(root, 'examples', name, 'README.md');

/** The blocks of a text that are programs. */
export function blocks(text: string): Block[] {
  return [...text.matchAll(/^ *```(ts|js)( excerpt)?\n([\s\S]*?)^ *```$/gm)].map(([, language = '', mark, code = '']) => {
    const file = /^\/\/ (\S+\.[cm]?[jt]s)\n/.exec(code)?.[1] ?? '';
    return { language, excerpt: mark !== undefined, file, code };
  });
}

/** Where the compiled blocks of the guides are, each beside the example that it belongs to. */
export const compiled = join(root, '.build/guides');

/** Compiles each block that is no excerpt as a file of its own among the files of its example; gives what the compiler said. */
export function compileBlocks() {
  const source = join(root, '.build/guides-source');
  for (const folder of [source, compiled]) rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, 'examples'), source, { recursive: true });
  for (const name of guides) {
    for (const [at, { language, excerpt, file, code }] of blocks(readFileSync(guideOf(name), 'utf8')).entries()) {
      if (!excerpt) writeFileSync(join(source, name, `block-${at}.${file.endsWith('.cjs') ? 'cjs' : language}`), code);
    }
  }
  const options = { allowJs: true, checkJs: true, declaration: false, moduleDetection: 'force', noUnusedLocals: false, rootDir: '.' };
  writeFileSync(
    join(source, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { ...options, outDir: compiled },
      include: ['.'],
      exclude: ['runtimes'],
    }),
  );
  // Blocks of other projects, in JavaScript that says no types, beside the job files of those.
  const others = join(source, 'runtimes');
  const projects = join(root, 'test/integrations');
  for (const path of readdirSync(projects, { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.job.js')) cpSync(join(projects, path), join(others, basename(path)));
  }
  writeFileSync(
    join(others, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../../tsconfig.json',
      compilerOptions: { ...options, noEmit: true, strict: false },
      include: ['.'],
    }),
  );
  const runs = [source, others].map((folder) => run(process.execPath, [tsc, '-p', folder], root));
  return { status: Math.max(...runs.map(({ status }) => status ?? 1)), text: runs.map(({ text }) => text).join('') };
}

export function run(command: string, args: string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

export const tsc = join(root, 'node_modules/typescript/bin/tsc');

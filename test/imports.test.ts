import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = join(root, 'src');
const files = (readdirSync(src, { recursive: true }) as string[])
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

const BOTTOM = ['errors/', 'package-files.ts', 'time/', 'checks/'];
const isBottom = (file: string) => BOTTOM.some((part) => file.startsWith(part));

/** A part of the package; each may import itself and what is below it. */
function part(file: string): { name: string; level: number } {
  if (isBottom(file)) return { name: 'bottom', level: 0 };
  if (file.startsWith('job/')) return { name: 'job/', level: 1 };
  if (file === 'events.ts') return { name: 'events', level: 2 };
  for (const folder of ['waiting/', 'threads/', 'ended/']) if (file.startsWith(folder)) return { name: folder, level: 3 };
  if (file.startsWith('observe/')) return { name: 'observe/', level: 4 };
  if (file === 'lifecycle.ts') return { name: 'lifecycle', level: 5 };
  if (file.startsWith('adding/')) return { name: 'adding/', level: 6 };
  if (file.startsWith('closing/')) return { name: 'closing/', level: 7 };
  if (file === 'job.ts') return { name: file, level: 8 };
  if (file === 'index.ts' || file === 'internals.ts') return { name: file, level: 9 };
  // Any other file at the top is a part of the queue.
  if (!file.includes('/')) return { name: 'job-queue', level: 8 };
  // The command is made of what the package offers.
  if (file.startsWith('cli/')) return { name: 'cli/', level: 11 };
  return { name: file.slice(0, file.indexOf('/') + 1), level: 10 };
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'\s*\)|(?:^|\n)import\s+'(\.[^']+)'/g,
  );
  return [...found].map(([, from, dynamic, bare]) =>
    normalize(join(dirname(file), (from ?? dynamic ?? bare) as string)).replace(/\.js$/, '.ts'),
  );
}

test('the parser sees the imports', () => {
  expect(files.length).toBeGreaterThan(25);
  expect(importsOf('job-queue.ts')).toContain('wiring.ts');
  expect(importsOf('index.ts').length).toBeGreaterThan(5);
  for (const file of files) for (const imported of importsOf(file)) expect(files, `${file} imports ${imported}`).toContain(imported);
});

test('imports go one way, from part to part', () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((imported) => {
        const [from, to] = [part(file), part(imported)];
        // What stands on the package uses what it exports, and its internals.
        // A thread that renews locks and does nothing else shall not load all of the package.
        if (file === 'bullmq/lock-thread.ts' && isBottom(imported)) return false;
        return from.name !== to.name && (to.level >= from.level || (from.level >= 10 && (to.level < 9 || imported === 'job.ts')));
      })
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('what runs inside a thread imports the wire, the job and the bottom only', () => {
  const wrong = files
    .filter((file) => file.startsWith('threads/inside/'))
    .flatMap((file) =>
      importsOf(file)
        .filter((imported) => !/^(threads\/(inside|wire)|job)\//.test(imported) && !isBottom(imported))
        .map((imported) => `${file} imports ${imported}`),
    );
  expect(wrong).toEqual([]);
});

/** The files of the package that one of them loads at once, and what it loads of others, in the build as it is. */
function loaded(...entries: string[]): { files: string[]; packages: string[] } {
  const packages = new Set<string>();
  const files = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(root, 'dist', file), 'utf8');
    for (const [, from] of text.matchAll(
      /(?:\bfrom\s*|^import\s*|^(?:var|const) .*\brequire\(|\bimport\((?=['"]\.))['"]([^'"]+)['"]\)?[;.]/gm,
    )) {
      if (from?.startsWith('.')) visit(normalize(join(dirname(file), from)).replaceAll('\\', '/'));
      else if (!from?.startsWith('node:')) packages.add(from as string);
    }
  };
  entries.forEach(visit);
  return { files: [...files], packages: [...packages].sort() };
}

test('a job file, and the thread that runs it, load no package but what the job file imports itself', () => {
  expect(loaded('job.js', 'threads/inside/entry.cjs').packages).toEqual([]);
});

test('a queue loads pino where it logs, and zod where a job file imports it', () => {
  for (const entry of ['index.js', 'testing/index.js']) expect(loaded(entry).packages).toEqual(['croner', 'piscina', 'tinyqueue']);
});

// The faults of `npm run mutation` are made in single files.
describe.skipIf(process.env.MUTANT || process.env.MUTATION_COVER)('few files are loaded, for each costs a start some time', () => {
  test.each([
    ['threads/inside/entry.cjs', 1],
    ['job.js', 2],
    ['index.js', 3],
    ['testing/index.js', 5],
  ])('%s: %i', (entry, count) => {
    expect(loaded(entry).files).toHaveLength(count);
  });
});

test('no file imports itself, on whatever way', () => {
  const cycles = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, way: string[]) => {
    const seen = way.indexOf(file);
    if (seen >= 0) {
      const cycle = way.slice(seen);
      const first = cycle.indexOf([...cycle].sort()[0]);
      cycles.add([...cycle.slice(first), ...cycle.slice(0, first)].join(' → '));
    } else if (!done.has(file)) {
      for (const imported of importsOf(file)) visit(imported, [...way, file]);
      done.add(file);
    }
  };
  for (const file of files) visit(file, []);
  expect([...cycles]).toEqual([]);
});

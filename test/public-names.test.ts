import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as whole from 'threadmill';
import * as ofJobFiles from 'threadmill/job';
import { expect, test } from 'vitest';

/** A declaration as people's editors see it. */
interface Declaration {
  readonly name: string;
  readonly documented: boolean;
  readonly text: string;
}

const dist = new URL('../dist/', import.meta.url);
const read = (file: string) => readFileSync(fileURLToPath(new URL(file, dist)), 'utf8');

/** The names that an index exports, by the file that declares them. */
function exportsOf(index: string): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [, from] of read(index).matchAll(/export type \* from '\.\/([^']+)\.js'/g)) {
    for (const [file, list] of exportsOf(`${from}.d.ts`)) files.set(file, list);
  }
  for (const [, names, from] of read(index).matchAll(/export (?:type )?\{([^}]*)\} from '\.\/([^']+)\.js'/g)) {
    const list = (names as string).split(',').map((name) => name.replace(/\btype\b|\s/g, ''));
    const file = `${from}.d.ts`;
    files.set(file, [...(files.get(file) ?? []), ...list.filter((name) => name !== '')]);
  }
  return files;
}

function declarationsOf(file: string): Declaration[] {
  const text = read(file);
  const starts = [...text.matchAll(/^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|const|function) (\w+)/gm)];
  return starts.map((start, at) => ({
    name: start[1] as string,
    documented: /\*\/\n$/.test(text.slice(0, start.index)),
    text: text.slice(start.index, starts[at + 1]?.index),
  }));
}

const files = exportsOf('index.d.ts');
const names = new Set([...files.values()].flat());

test('the names are found', () => {
  expect(names).toContain('JobQueue');
  expect(names).toContain('AddOptions');
  expect(names.size).toBeGreaterThan(40);
});

test('what job files import is exported by the whole package too, and is the same', () => {
  expect(whole).toMatchObject(ofJobFiles);
  for (const [name, value] of Object.entries(ofJobFiles)) expect((whole as Record<string, unknown>)[name], name).toBe(value);
});

test('every exported name says what it is', () => {
  const silent: string[] = [];
  for (const [file, exported] of files) {
    for (const name of exported) {
      const declared = declarationsOf(file).filter((one) => one.name === name);
      expect(declared.length, `${name} in ${file}`).toBeGreaterThan(0);
      if (!declared.some(({ documented }) => documented)) silent.push(name);
    }
  }
  expect(silent).toEqual([]);
});

test('every type that one of them speaks of can be named', () => {
  const nameless = new Set<string>();
  for (const [file, exported] of files) {
    const declared = declarationsOf(file);
    // A constant has a type of its own.
    const others = new Set(declared.map(({ name }) => name).filter((name) => name !== name.toUpperCase()));
    for (const [, list] of read(file).matchAll(/^import (?:type )?\{([^}]*)\} from '\./gm)) {
      for (const name of (list as string).split(',')) others.add(name.replace(/\btype\b|\s/g, ''));
    }
    for (const { name, text } of declared) {
      if (!exported.includes(name)) continue;
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/'[^'\n]*'/g, '');
      for (const other of others) if (!names.has(other) && new RegExp(`\\b${other}\\b`).test(code)) nameless.add(`${other} (${name})`);
    }
  }
  expect([...nameless]).toEqual([]);
});

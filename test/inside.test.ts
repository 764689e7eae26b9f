import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const text = readFileSync(`${src}README.md`, 'utf8');
const files = (readdirSync(src, { recursive: true }) as string[]).filter((file) => /\.c?ts$/.test(file));
const source = files.map((file) => readFileSync(src + file, 'utf8')).join('\n');

describe('src/README.md', () => {
  test('names files and folders that are there', () => {
    const named = [...text.matchAll(/`((?:[\w-]+\/)*[\w-]+\.ts|(?:[\w-]+\/)+)`/g)].map(([, path]) => path as string);
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter((path) => !existsSync(src + path))).toEqual([]);
  });

  test('draws parts that are there', () => {
    const drawing = text.split('```')[1] as string;
    const parts = [...drawing.matchAll(/\b((?:adding|waiting|threads|ended|observe|inside|wire|job)\/[\w-]+)/g)].map(
      ([, path]) => path as string,
    );
    const found = (path: string) => existsSync(`${src}${path}.ts`) || existsSync(`${src}threads/${path}.ts`);
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.filter((path) => !found(path))).toEqual([]);
  });

  test('names classes, interfaces and functions that are there', () => {
    const named = [...text.matchAll(/`([A-Z]\w+) implements ([^`]+)`/g)];
    expect(named.length).toBeGreaterThan(1);
    for (const [, name, hosts] of named)
      expect(source).toMatch(new RegExp(`class ${name} implements [^{]*${(hosts as string).split(', ').join('[^{]*')}`));
    for (const name of ['takesEffect', 'move']) expect(source).toMatch(new RegExp(`export function ${name}\\b`));
  });
});

describe('the house', () => {
  const lines = (file: string) =>
    readFileSync(src + file, 'utf8')
      .trimEnd()
      .split('\n').length;

  test('has no file above 250 lines', () => {
    expect(files.filter((file) => lines(file) > 250).map((file) => `${file}: ${lines(file)}`)).toEqual([]);
  });

  test('has ten loose files at most', () => {
    expect(files.filter((file) => !file.includes('/')).length).toBeLessThanOrEqual(10);
  });
});

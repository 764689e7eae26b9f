import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../docs.js';

const read = (file: string) => readFileSync(join(root, 'examples/scale-out', file), 'utf8');

test('the guide shows all that differs between a program in memory and the same on Redis', () => {
  const [, diff = ''] = /^```diff\n([\s\S]*?)^```$/m.exec(read('README.md')) ?? [];
  const [memory, redis] = ['memory.ts', 'redis.ts'].map((file) => read(file).split('\n'));
  const only = (lines: string[], others: string[], sign: string) =>
    lines.filter((line) => !others.includes(line)).map((line) => sign + line);
  const shown = diff.trimEnd().split('\n');
  expect(shown.filter((line) => line.startsWith('-'))).toEqual(only(memory, redis, '-'));
  expect(shown.filter((line) => line.startsWith('+'))).toEqual(only(redis, memory, '+'));
  expect(shown.length).toBeGreaterThan(3);
});

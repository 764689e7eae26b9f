import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run, tsc } from '../docs.js';

const folder = 'test/types/messages';

/** What follows a `///` is what the compiler says of the next line. */
function expected(): Map<number, string> {
  const lines = readFileSync(join(root, folder, 'mistakes.ts'), 'utf8').split('\n');
  return new Map(lines.flatMap((line, at) => (line.startsWith('/// ') ? [[at + 2, line.slice(4)] as const] : [])));
}

/** Long types are left out, as a person's eye does. */
function short(message: string): string {
  return message
    .replace(/(DefineJobOptions)<.*>'/g, "$1<…>'")
    .replace(/in type '\{ name.*?' but/, "in type '{…}' but")
    .replace(/("completed" \|) .*'\.$/, "$1 …'.");
}

test('mistakes are told in one line, in their own place', () => {
  const { text } = run(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], root);
  const told = [...text.matchAll(/^\S+\((\d+),\d+\): error TS\d+: (.*)$/gm)];
  expect(Object.fromEntries(told.map(([, line, message]) => [line, short(message as string)]))).toEqual(Object.fromEntries(expected()));
  // No two of one mistake.
  expect(told.length).toBe(expected().size);
});

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folder, MAIN } from './cli.js';

const root = resolve(import.meta.dirname, '../..');
const example = join(root, 'examples/cli');
const guide = readFileSync(join(example, 'README.md'), 'utf8');

/** A project that has installed threadmill, with the files of the guide. */
function project() {
  const place = folder();
  cpSync(example, place.path('.'), { recursive: true });
  // It has no types in it.
  copyFileSync(join(example, 'main.ts'), place.path('main.js'));
  place.write('package.json', '{ "type": "module" }');
  mkdirSync(place.path('node_modules/.bin'), { recursive: true });
  symlinkSync(root, place.path('node_modules/threadmill'), 'dir');
  symlinkSync(join(root, 'node_modules/zod'), place.path('node_modules/zod'), 'dir');
  writeFileSync(place.path('node_modules/.bin/threadmill'), `#!/bin/sh\nexec node '${MAIN}' "$@"\n`, { mode: 0o755 });
  return place;
}

test('the guide shows the job that is beside it', () => {
  const [, code] = /^```js\n\/\/ digest\.job\.js\n([\s\S]*?)^```$/m.exec(guide) ?? [];
  expect(code).toBe(readFileSync(join(example, 'digest.job.js'), 'utf8'));
});

test('the commands of the guide do what it says', () => {
  const place = project();
  const commands = [...guide.matchAll(/^```sh( fails)?\n([\s\S]*?)^```$/gm)].map(([, fails, command]) => ({ command, fails }));
  expect(commands).toHaveLength(8);
  for (const { command, fails } of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', command as string], { cwd: place.path('.'), encoding: 'utf8' });
    expect(status, `${command}${stderr}`).toBe(fails ? 1 : 0);
  }
  expect(place.json('dead.ndjson')).toMatchObject([
    { deadLetter: 'digest', index: 2, line: 3, error: { code: 'ERR_TIMEOUT' }, attempts: 1 },
  ]);
  expect(place.json('more.ndjson')).toEqual([{ index: 0, output: { hash: expect.stringMatching(/^[\da-f]{64}$/) } }]);
  expect(place.json('results.ndjson')).toHaveLength(1_000);
  expect(JSON.parse(place.text('result.json')).rows[0].completed).toBe(200);
  expect(place.text('rates.svg')).toMatch(/^<svg/);
}, 300_000);

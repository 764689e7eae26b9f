import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { noRedis } from './bullmq/redis.js';
import { blocks, compileBlocks, compiled, guideOf, guides, root, run } from './docs.js';

beforeAll(() => expect(compileBlocks()).toEqual({ status: 0, text: '' }));

// The demo has a command of its own; what is tried elsewhere has no program here.
it.each(guides.filter((name) => name !== 'markdown' && existsSync(join(root, 'examples', name, 'main.ts'))))(
  'the guides have examples that run: %s',
  (name) => {
    const { status, text } = run(process.execPath, ['--enable-source-maps', join(compiled, name, 'main.js')], root);
    expect(status, text).toBe(0);
  },
);

it.skipIf(noRedis)('the program that does the arithmetic of many machines finds what its guide says', () => {
  const { status, text } = run(process.execPath, [join(compiled, 'scale-out/arithmetic.js')], root);
  expect(status, text).toBe(0);
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
  const guide = readFileSync(guideOf('scale-out'), 'utf8');
  const kilobytes = Number(/takes about ([\d.]+) KB/.exec(guide)?.[1]);
  const commands = Number(/About (\d+) commands for a job/.exec(guide)?.[1]);
  expect(Math.abs(number(/^(\d+) bytes in Redis/m) / 1_000 / kilobytes - 1), text).toBeLessThan(0.2);
  expect(Math.abs(number(/^([\d.]+) commands for a job/m) / commands - 1), text).toBeLessThan(0.25);
  expect(number(/(\d+) jobs\/s are all/), text).toBeGreaterThan(0);
});

// What a project of test/integrations runs is run there.
const all = guides
  .filter((name) => name !== 'runtimes')
  .flatMap((name) => blocks(readFileSync(guideOf(name), 'utf8')).map((block, at) => ({ ...block, name: `${name}/block-${at}` })));

// Redis and a test runner are not here: those are started by the main.ts of their example, and by vitest.
const alone = all.filter(({ excerpt, code }) => !excerpt && !/from '(threadmill\/bullmq|vitest)'/.test(code));

it.each(alone.filter(({ code }) => !code.includes('SIGTERM')))('a block runs as it stands: $name, $file', ({ name }) => {
  const { status, text } = run(process.execPath, [join(compiled, `${name}.js`)], root);
  expect(status, text).toBe(0);
});

it.each(alone.filter(({ code }) => code.includes('SIGTERM')))('a block serves until it is told to end: $name, $file', async ({ name }) => {
  const server = spawn(process.execPath, [join(compiled, `${name}.js`)], { cwd: root, env: { ...process.env, PORT: '0' } });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

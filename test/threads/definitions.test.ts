import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ModuleError } from 'threadmill';
import { expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, moduleOf, variant } from '../helpers.js';
import { get } from './fixtures/hidden.job.js';
import { beside, one } from './fixtures/twice.job.js';

const fixture = (file: string) => new URL(`./fixtures/${file}`, import.meta.url);

test('CommonJS whose exports no lexer sees', async () => {
  const { first, second } = createRequire(import.meta.url)('./fixtures/assigned.cjs');
  const queue = makeQueue();
  expect(await Promise.all([queue.run(first, 'a'), queue.run(second, 'b')])).toEqual(['first a', 'second b']);
});

test('a definition that is not exported', async () => {
  expect(await makeQueue().run(get(), 'b')).toBe('hidden b');
});

test('a namespace of a file that was loaded before', async () => {
  const module = moduleOf(`export * as jobs from ${JSON.stringify(echo.module)}`);
  const queue = makeQueue({ jobs: [variant(echo, { name: 'other' })] });
  expect(await queue.run(variant(echo, { module }), 'c')).toBe('c');
});

test('a file that passes on what another file defined, which was loaded before', async () => {
  const { module } = echo;
  const first = variant(echo, { name: 'other' });
  const passedOn = variant(echo, { module: moduleOf(`export * from ${JSON.stringify(module)}`) });
  const queue = makeQueue();
  expect(await queue.run(first, 1)).toBe(1);
  expect(await queue.run(passedOn, 2)).toBe(2);
});

test('a whole program in one file', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(fixture('program.js'))]);
  expect(stdout).toBe('42 HELLO\n');
});

test('two definitions of one name in one module are refused by name, and do no harm to others', async () => {
  const queue = makeQueue();
  const error = await caught(queue.run(one, 1));
  expect(error).toBeInstanceOf(ModuleError);
  expect(error.message).toMatch(/twice\.job\.js defines two jobs called "twice"/);
  expect(await queue.run(beside, 1)).toBe('beside');
});

test('what a module defined before it failed to load is not found', async () => {
  const { module } = echo;
  const failing = moduleOf(
    `import { defineJob } from ${JSON.stringify(new URL('../../dist/job.js', import.meta.url).href)};
     defineJob({ name: 'echo', module: ${JSON.stringify(module)}, input: { '~standard': { validate() {} } }, run: () => 'of the failed one' });
     throw new Error('at load');`,
  );
  const queue = makeQueue();
  expect((await caught(queue.run(variant(echo, { name: 'failing', module: failing }), 1))).message).toContain('at load');
  expect(await queue.run(echo, 1)).toBe(1);
});

test('names what the module defines, exported or not', async () => {
  const stranger = variant(get(), { name: 'stranger' });
  expect((await caught(makeQueue().run(stranger, 1))).message).toMatch(/no definition of a job called "stranger": it defines "hidden"\./);
});

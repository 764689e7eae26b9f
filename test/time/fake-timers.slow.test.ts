import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { stuck } from '../fixtures/stuck.job.js';
import { caught, makeQueue } from '../helpers.js';

function run(...args: string[]): Promise<string> {
  const file = fileURLToPath(new URL('../fixtures/scripts/fake-timers.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', file, ...args], { timeout: 40_000, killSignal: 'SIGKILL' }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}

describe('fake timers, whose clock nobody moves, keep nothing of a queue from its time', () => {
  test.each([
    ['node:test', 'before'],
    ['node:test', 'after'],
    ['sinon', 'before'],
    ['sinon', 'after'],
  ])('of %s, installed %s the queue is made', async (whose, when) => {
    expect(await run(whose, when)).toBe('ERR_TIMEOUT on attempt 2; delayed; 2 scheduled; closed');
  });

  test('of sinon, installed before the package is loaded', async () => {
    expect(await run('sinon', 'first')).toBe('ERR_TIMEOUT on attempt 2; delayed; 2 scheduled; closed');
  });

  test.each(['before', 'after'])('of vitest, installed %s the queue is made', async (when) => {
    try {
      if (when === 'before') vi.useFakeTimers();
      const queue = makeQueue();
      if (when === 'after') vi.useFakeTimers();
      const retry = { maxAttempts: 2, backoff: { type: 'fixed', delay: 20, jitter: 0 } } as const;
      expect(await caught(queue.run(stuck, 'loop', retry))).toMatchObject({ code: 'ERR_TIMEOUT', attempt: 2 });
      const delayed = await queue.add(echo, 1, { delay: 20 });
      expect(await delayed.result()).toBe(1);
      await queue.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

test('of node:test, enabled before the package is loaded: they cannot be looked through, and that is said', async () => {
  const code = `const { mock } = require('node:test');
    mock.timers.enable({ apis: ['setTimeout'] });
    import('threadmill');`;
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', code], { cwd: fileURLToPath(new URL('../../', import.meta.url)) });
  expect(stderr).toContain('fake timers of node:test were enabled before threadmill was loaded');
});

test('no file but one takes timers and clocks from the globals, or from modules that fakes change', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = (readdirSync(src, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'));
  const GLOBAL =
    /(?<![.\w#'`])(?:(?:setTimeout|clearTimeout|setInterval|clearInterval|setImmediate|clearImmediate|queueMicrotask)\(|performance\.(?:now|timeOrigin)|process\.(?:nextTick|hrtime)|Date\.now)|'node:timers|\bperformance\b.*'node:perf_hooks'/;
  const wrong = files.flatMap((file) => {
    // The command is a process of its own, and the page only shows.
    if (file === 'time/timers.ts' || file.startsWith('cli/') || file.startsWith('bull-board/')) return [];
    const text = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const taken = new Set(
      [...text.matchAll(/\{([^{}]*)\} (?:from '[./]*(?:time\/)?timers\.js'|= internals\.timers)/g)].flatMap(
        ([, names]) => names?.match(/\w+/g) ?? [],
      ),
    );
    const uses = text.split('\n').filter((line) => GLOBAL.test(line) && !/^\s+(?:setTimeout|clearTimeout)\(.*\): .*[;{]$/.test(line));
    return uses.filter((line) => !taken.has(GLOBAL.exec(line)?.[0].replace('(', '') ?? '')).map((line) => `${file}: ${line.trim()}`);
  });
  expect(wrong).toEqual([]);
});

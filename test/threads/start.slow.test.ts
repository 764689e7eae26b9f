import { on } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as threadmill from 'threadmill';
import { CrashError } from 'threadmill';
import { afterEach, describe, expect, test } from 'vitest';
import { JobQueue } from '../../dist/job-queue.js';
import { echo, where } from '../fixtures/answers.job.js';
import { HandClock } from '../hand-clock.js';
import { caught, closeAfterwards, closeQueues, makeQueue } from '../helpers.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders: string[] = [];

afterEach(async () => {
  // A thread that still boots may write into its folder.
  await closeQueues();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The package as it is installed, in a folder of its own, but for some files. */
async function copyOfPackage(...without: string[]): Promise<typeof threadmill> {
  const folder = mkdtempSync(join(tmpdir(), 'threadmill-copy-'));
  folders.push(folder);
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const file of without) rmSync(join(folder, 'dist', file));
  return import(pathToFileURL(join(folder, 'dist/index.js')).href);
}

function recorder() {
  const lines: { level: string; fields: any; text: string | undefined }[] = [];
  const at = (level: string) => (fields: object, text?: string) => void lines.push({ level, fields, text });
  return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

/** How many threads are started while something goes on. */
async function threadsStartedIn(work: () => Promise<unknown>): Promise<number> {
  let started = 0;
  const count = () => void started++;
  process.on('worker', count);
  await work().finally(() => process.off('worker', count));
  return started;
}

describe('the package, copied elsewhere', () => {
  test('finds the files of its threads', async () => {
    const { JobQueue } = await copyOfPackage();
    expect(await closeAfterwards(new JobQueue({ logger: false, threads: 1 })).run(echo, 1)).toBe(1);
  });

  test('without the file of its threads says that no thread can be started, logs it, and does not start one after the other', async () => {
    const { JobQueue } = await copyOfPackage('threads/inside/entry.cjs');
    const { lines, logger } = recorder();
    const started = await threadsStartedIn(async () => {
      const queue = closeAfterwards(new JobQueue({ logger, threads: 1, spareThreads: 0 }));
      const error = await caught(queue.run(echo, 1, { maxAttempts: 1 }));
      expect(error).toMatchObject({ code: 'ERR_CRASH', message: expect.stringMatching(/no thread can be started: .*entry\.cjs/) });
    });
    expect(started).toBeLessThanOrEqual(6);
    expect(lines).toContainEqual({
      level: 'warn',
      text: 'no thread can be started',
      fields: expect.objectContaining({ error: expect.stringContaining('entry.cjs'), threads: 0, wanted: 1 }),
    });
  });
});

test('a post-mortem never shows frames of our own, from wherever they are', async () => {
  const { framesOf } = await import('../../dist/threads/post-mortem.js');
  const files = ['index.js', 'job/payload.js', 'threads/inside/entry.cjs', 'threads/wire/error-codec.js', 'checks.js'];
  const own = files
    .map((file) => join(root, 'dist', file))
    .flatMap((path) => [path, pathToFileURL(path).href])
    .map((url) => ['ours', url, 1, 1] as [string, string, number, number]);
  expect(framesOf([...own, ['job', pathToFileURL(join(root, 'test/fixtures/stuck.job.js')).href, 1, 1]])).toMatchObject([
    { functionName: 'job' },
  ]);
});

describe('where only some threads can be started', () => {
  /** Lets so many threads boot, however many are tried at once: each takes a place that only one can take. */
  function limitOf(most: number): string {
    const folder = mkdtempSync(join(tmpdir(), 'threadmill-limit-'));
    folders.push(folder);
    const file = join(folder, 'limit.mjs');
    writeFileSync(
      file,
      `import { mkdirSync } from 'node:fs';
       const places = Array.from({ length: ${most} }, (_, index) => ${JSON.stringify(folder)} + '/' + index);
       const taken = places.some((place) => {
         try { mkdirSync(place); return true; } catch { return false; }
       });
       if (!taken) throw new Error('as many as there may be');`,
    );
    return pathToFileURL(file).href;
  }

  test('a queue runs its jobs on those it has, says so, and is ready', async () => {
    const { lines, logger } = recorder();
    const queue = makeQueue({ logger, threads: 4, worker: { execArgv: ['--import', limitOf(2)] } });
    const jobs = await queue.addBulk(
      where,
      Array.from({ length: 300 }, (_, index) => index),
    );
    await queue.ready();
    const more = await queue.addBulk(where, [1, 2, 3]);
    const threads = new Set(await Promise.all([...jobs, ...more].map((job) => job.result())));
    expect(threads.size).toBeLessThanOrEqual(2);
    expect(queue.stats()).toMatchObject({ counts: { failed: 0 }, totals: { completed: 303 } });
    const told = lines.filter(({ level }) => level === 'warn');
    expect(told.at(-1)).toMatchObject({
      text: 'a thread cannot be started: the queue works with those it has',
      fields: { error: expect.stringContaining('as many as there may be'), threads: 2, wanted: 4 },
    });
    expect(told.length).toBeLessThanOrEqual(10);
  });

  test('jobs fail only when there is none', async () => {
    const queue = makeQueue({ threads: 2, worker: { execArgv: ['--import', limitOf(0)] } });
    expect(await caught(queue.run(echo, 1, { maxAttempts: 1 }))).toBeInstanceOf(CrashError);
  });
});

test('an option that lets no thread start is an error of its jobs, and not of the process', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--no-such-option'] } });
  const error = await caught(queue.run(echo, 1, { maxAttempts: 1 }));
  expect(error.message).toMatch(/no thread can be started: .*--no-such-option.*option "worker"/);
});

test('threads that never boot are not waited for without an end', async () => {
  const clock = new HandClock();
  const never = `data:text/javascript,setInterval(() => {}, 1_000); await new Promise(() => {});`;
  const started = on(process, 'worker');
  const options = { logger: false, threads: 1, spareThreads: 0, worker: { execArgv: ['--import', never] } } as const;
  const queue = closeAfterwards(new (JobQueue as any)(options, { clock }) as JobQueue);
  const failed = caught(queue.run(echo, 1));
  for (let boots = 0; boots < 5; boots++) {
    await started.next();
    clock.advance(30_000);
  }
  expect((await failed).message).toMatch(/no thread can be started: a thread did not boot within 30000 ms/);
  expect(await caught(queue.ready())).toBeInstanceOf(CrashError);
  await started.return?.();
});

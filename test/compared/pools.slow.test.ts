import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import { expect, test } from 'vitest';
import workerpool from 'workerpool';
import { spin } from '../cli/fixtures/work.job.js';
import { makeQueue } from '../helpers.js';

// What the README's table says of other pools, and of us, each with one thread.

const filename = fileURLToPath(new URL('work.js', import.meta.url));
const one = { filename, minThreads: 1, maxThreads: 1 };

/** Runs a task of so many milliseconds, with a limit. */
type Run = (ms: number, limit: number) => PromiseLike<unknown>;

const pools: Record<string, { counts: 'waiting' | 'running'; open: () => { run: Run; close: () => Promise<unknown> } }> = {
  threadmill: {
    counts: 'running',
    open() {
      const queue = makeQueue({ threads: 1, jobs: [spin] });
      return { run: (ms, limit) => queue.run(spin, { ms }, { timeout: limit }), close: () => queue.close() };
    },
  },
  piscina: {
    counts: 'waiting',
    open() {
      const pool = new Piscina(one);
      return { run: (ms, limit) => pool.run(ms, { signal: AbortSignal.timeout(limit) }), close: () => pool.destroy() };
    },
  },
  tinypool: {
    counts: 'waiting',
    open() {
      const pool = new Tinypool(one);
      return { run: (ms, limit) => pool.run(ms, { signal: AbortSignal.timeout(limit) }), close: () => pool.destroy() };
    },
  },
  workerpool: {
    counts: 'running',
    open() {
      const workerThreadOpts = { env: { ...process.env, COMPARED: 'workerpool' } };
      const pool = workerpool.pool(filename, { minWorkers: 1, maxWorkers: 1, workerType: 'thread', workerThreadOpts });
      return { run: (ms, limit) => pool.exec('spin', [ms]).timeout(limit), close: async () => await pool.terminate(true) };
    },
  },
};

const LONG = 60_000;

/** What a pool leaves behind fails the test. */
async function opened(name: string, use: (run: Run) => Promise<void>): Promise<void> {
  const { run, close } = (pools[name] as (typeof pools)[string]).open();
  await use(run).finally(close);
}

test.each(Object.keys(pools))('%s ends a loop that passes its limit, and goes on', (name) =>
  opened(name, async (run) => {
    await run(1, LONG);
    await expect(Promise.resolve(run(-1, 200))).rejects.toThrow();
    await run(1, LONG);
  }),
);

test.each(Object.entries(pools))('%s counts a limit as the README says', (name, { counts }) =>
  opened(name, async (run) => {
    await run(1, LONG);
    const before = run(1_500, LONG);
    const behind = Promise.resolve(run(1, 700)).then(
      () => 'running',
      () => 'waiting',
    );
    expect(await behind).toBe(counts);
    await before;
  }),
);

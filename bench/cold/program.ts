/** A process that does one thing from cold, and prints when it has, or what it took: see `cases/boot.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BareThread } from './bare-thread.js';

const job = new URL('../jobs/booted.js', import.meta.url);
const jobWithZod = new URL('../jobs/booted-with-zod.js', import.meta.url);
/** As many threads as tell one's memory from the noise. */
const THREADS = 8;

const programs: Record<string, () => Promise<unknown>> = {
  async 'first result, threadmill'() {
    const { JobQueue } = await import('threadmill');
    const { nap } = await import('../jobs/booted.js');
    return new JobQueue({ logger: false }).run(nap, { forever: false });
  },
  async 'first result, piscina'() {
    const { Piscina } = await import('piscina');
    return new Piscina({ filename: fileURLToPath(job) }).run({ forever: false });
  },
  async 'first result with zod, threadmill'() {
    const { JobQueue } = await import('threadmill');
    const { half } = await import('../jobs/booted-with-zod.js');
    return new JobQueue({ logger: false }).run(half, { n: 2 });
  },
  async 'first result with zod, piscina'() {
    const { Piscina } = await import('piscina');
    return new Piscina({ filename: fileURLToPath(jobWithZod) }).run({ n: 2 });
  },
  // As a program that checks its inputs before it sends them.
  async 'first result with zod, piscina, the module in the main thread too'() {
    const { Piscina } = await import('piscina');
    await import('../jobs/booted-with-zod.js');
    return new Piscina({ filename: fileURLToPath(jobWithZod) }).run({ n: 2 });
  },
  'import, threadmill': () => timed(() => import('threadmill')),
  'import, zod': () => timed(() => import('zod')),
  async 'memory, threadmill'() {
    const { JobQueue } = await import('threadmill');
    const { nap } = await import('../jobs/booted.js');
    return grown((threads) => new JobQueue({ logger: false, threads, spareThreads: 0, jobs: [nap] }).ready());
  },
  async 'memory, bare worker'() {
    await import('threadmill');
    return grown((threads) => Promise.all(Array.from({ length: threads }, () => new BareThread(job).ready)));
  },
};

async function timed(load: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await load();
  return performance.now() - start;
}

/** What the process has grown by for a thread, in MiB; what it needs once, whatever their number, it has from a first. */
async function grown(start: (threads: number) => Promise<unknown>): Promise<number> {
  await start(1);
  await sleep(500);
  const before = process.memoryUsage().rss;
  await start(THREADS);
  await sleep(500);
  return (process.memoryUsage().rss - before) / THREADS / 1_048_576;
}

const result = await (programs[process.argv[2] ?? ''] as () => Promise<unknown>)();
process.stdout.write(`${result}\n`, () => process.exit());

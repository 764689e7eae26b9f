import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type JobDefinition, JobQueue } from 'threadmill';
import { BareThread } from '../cold/bare-thread.js';
import { nap } from '../jobs/booted.js';
import { half } from '../jobs/booted-with-zod.js';
import { interleave, time } from '../measure.js';
import type { Case, Group, Settings } from '../result.js';

const PROGRAM = fileURLToPath(new URL('../cold/program.js', import.meta.url));
const MANY = 16;
const LOADING_TOO = 'piscina, the module in the main thread too';

/** What a thread costs until it is ready, and a process until its first result, beside what the same modules cost without a library. */
export const boot: Case = async (settings) => [
  await booting('a thread boots', 1, nap, settings),
  await booting('a thread boots, with zod in its module', 1, half, settings),
  await booting(`${MANY} threads boot`, MANY, nap, settings),
  await killing(settings),
  await cold('first result of a cold process', 'ms', ['threadmill', 'piscina'], settings, (name) => untilPrints(`first result, ${name}`)),
  await cold('first result of a cold process, with zod in its module', 'ms', ['threadmill', 'piscina', LOADING_TOO], settings, (name) =>
    untilPrints(`first result with zod, ${name}`),
  ),
  await cold('import', 'ms', ['threadmill', 'zod'], settings, (name) => printedBy(`import, ${name}`)),
  await cold('memory of a thread', 'MiB', ['threadmill', 'bare worker'], settings, (name) => printedBy(`memory, ${name}`)),
];

async function booting(name: string, threads: number, definition: JobDefinition<any, any, any>, settings: Settings) {
  const module = new URL(definition.module);
  const ours = async () => {
    const queue = new JobQueue({ logger: false, threads, spareThreads: 0, jobs: [definition] });
    const took = await time(() => queue.ready());
    await queue.close();
    return took;
  };
  const bare = async () => {
    let workers: BareThread[] = [];
    const took = await time(() => {
      workers = Array.from({ length: threads }, () => new BareThread(module));
      return Promise.all(workers.map(({ ready }) => ready));
    });
    await Promise.all(workers.map((worker) => worker.end()));
    return took;
  };
  return inTurns(name, 'ms', { threadmill: ours, 'bare worker': bare }, settings, threads > 1 ? 10 : 40);
}

/** Processor time from when a job is sent that never ends, and takes none, until its thread's replacement is ready. */
async function killing(settings: Settings): Promise<Group> {
  const queue = new JobQueue({ logger: false, threads: 1, jobs: [nap] });
  const untilSettled = async () => {
    for (;;) {
      const { starting, size } = queue.stats().threads;
      if (starting === 0 && size === 2) return;
      // Rarely: each look takes processor time too, and all of it is counted.
      await sleep(20);
    }
  };
  let bare = new BareThread(new URL(nap.module));
  const kills = {
    threadmill: () =>
      processorTime(async () => {
        await queue.run(nap, { forever: true }).catch(() => {});
        await untilSettled();
      }),
    'bare worker': () =>
      processorTime(async () => {
        await bare.end();
        bare = new BareThread(new URL(nap.module));
        await bare.ready;
      }),
  };
  await queue.ready();
  await untilSettled();
  await bare.ready;
  const group = await inTurns('processor time of a kill and the next thread', 'ms', kills, settings, 40);
  await queue.close();
  await bare.end();
  return group;
}

/** Milliseconds that all threads of the process compute meanwhile. */
async function processorTime(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** One process of each after the other, a value each. */
function cold(name: string, unit: Group['unit'], names: string[], settings: Settings, sample: (name: string) => Promise<number>) {
  const samples = Object.fromEntries(names.map((name) => [name, () => sample(name)]));
  return inTurns(name, unit, samples, settings, 15);
}

/** One sample a round: these machines change their speed within seconds, and a ratio is of two that lie side by side. */
async function inTurns(
  name: string,
  unit: Group['unit'],
  samples: Record<string, () => Promise<number>>,
  { quick }: Settings,
  count: number,
): Promise<Group> {
  const runners = Object.entries(samples).map(([name, sample]) => ({ name, round: async () => [await sample()] }));
  const [rounds = {}] = await interleave(runners, quick ? 2 : count);
  return { name, unit, rounds, compare: true };
}

/** Milliseconds until a process of this program prints. */
async function untilPrints(program: string): Promise<number> {
  const start = performance.now();
  const child = startedProcess(program);
  await once(child.stdout, 'data');
  const took = performance.now() - start;
  await once(child, 'exit');
  return took;
}

async function printedBy(program: string): Promise<number> {
  const child = startedProcess(program);
  const [printed] = await once(child.stdout, 'data');
  return Number(printed);
}

function startedProcess(program: string) {
  return spawn(process.execPath, [PROGRAM, program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type JobDefinition, JobQueue } from 'threadmill';
import { BareThread } from '../cold/bare-thread.js';
import { nap } from '../jobs/booted.js';
import { half } from '../jobs/booted-with-zod.js';
import { interleave, median, time } from '../measure.js';
import type { Case, Group, Settings } from '../result.js';

const PROGRAM = fileURLToPath(new URL('../cold/program.js', import.meta.url));
const MANY = 16;
const LOADING_TOO = 'piscina, the module in the main thread too';

/** What a thread costs until it is ready, and a process until its first result, beside what the same modules cost without a library. */
export const boot: Case = async (settings) => [
  await booting('a thread boots', 'ms', 1, nap, settings),
  await booting('a thread boots, with zod in its module', 'ms', 1, half, settings),
  await booting(`${MANY} threads boot`, 'ms', MANY, nap, settings),
  await killing(settings),
  await cold('first result of a cold process', 'ms', ['threadmill', 'piscina'], settings, (name) => untilPrints(`first result, ${name}`)),
  await cold('first result of a cold process, with zod in its module', 'ms', ['threadmill', 'piscina', LOADING_TOO], settings, (name) =>
    untilPrints(`first result with zod, ${name}`),
  ),
  await cold('import', 'ms', ['threadmill', 'zod'], settings, (name) => printedBy(`import, ${name}`)),
  await cold('memory of a thread', 'MiB', ['threadmill', 'bare worker'], settings, (name) => printedBy(`memory, ${name}`)),
];

async function booting(name: string, unit: Group['unit'], threads: number, definition: JobDefinition<any, any, any>, settings: Settings) {
  const module = new URL(definition.module);
  const samples = settings.quick || threads > 1 ? 2 : 8;
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
  const runners = Object.entries({ threadmill: ours, 'bare worker': bare }).map(([name, sample]) => ({
    name,
    round: async () => [median(await inTurn(samples, sample))],
  }));
  const [rounds = {}] = await interleave(runners, Math.min(settings.rounds, 5));
  return { name, unit, rounds, compare: true };
}

/** Processor time from when a job is sent that never ends, and takes none, until its thread's replacement is ready. */
async function killing(settings: Settings): Promise<Group> {
  const samples = settings.quick ? 4 : 15;
  const queue = new JobQueue({ logger: false, threads: 1, jobs: [nap] });
  const untilSettled = async () => {
    for (;;) {
      const { starting, size } = queue.stats().threads;
      if (starting === 0 && size === 2) return;
      await sleep(5);
    }
  };
  let bare = new BareThread(new URL(nap.module));
  const kills = {
    threadmill: async () => {
      await queue.run(nap, { forever: true }).catch(() => {});
      await untilSettled();
    },
    'bare worker': async () => {
      await bare.end();
      bare = new BareThread(new URL(nap.module));
      await bare.ready;
    },
  };
  await queue.ready();
  await untilSettled();
  await bare.ready;
  const runners = Object.entries(kills).map(([name, kill]) => ({
    name,
    round: async () => {
      const before = process.cpuUsage();
      await inTurn(samples, kill);
      const { user, system } = process.cpuUsage(before);
      return [(user + system) / 1_000 / samples];
    },
  }));
  const [rounds = {}] = await interleave(runners, Math.min(settings.rounds, 5));
  await queue.close();
  await bare.end();
  return { name: 'processor time of a kill and the next thread', unit: 'ms', rounds, compare: true };
}

/** The median of some processes of each, a value a round. */
async function cold(
  name: string,
  unit: Group['unit'],
  names: string[],
  settings: Settings,
  sample: (name: string) => Promise<number>,
): Promise<Group> {
  const samples = settings.quick ? 1 : 3;
  const runners = names.map((name) => ({ name, round: async () => [median(await inTurn(samples, () => sample(name)))] }));
  const [rounds = {}] = await interleave(runners, Math.min(settings.rounds, 5));
  return { name, unit, rounds, compare: true };
}

async function inTurn<Value>(count: number, sample: () => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    values.push(await sample());
    await turn();
  }
  return values;
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

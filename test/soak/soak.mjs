/**
 * Mixed load with faults, for minutes: `node test/soak/soak.mjs [--minutes 1] [--seed 1] [--threads 2]`.
 * Prints jobs, faults, lost, doubled, memory and threads; exits 1 when a job was lost or ended twice.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { JobQueue, QueueFullError } from 'threadmill';
import { culprit, innocent } from '../fixtures/culprit.job.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' }, threads: { type: 'string' } },
});
const minutes = Number(values.minutes);
const threads = Number(values.threads ?? Math.max(2, availableParallelism()));
if (!(minutes > 0) || !(threads > 0)) throw new Error('expected --minutes and --threads above 0');

/** One fault in a hundred jobs, of each kind in turn. */
const FAULTS = [
  'loop',
  'never settle',
  'Atomics.wait',
  'regex',
  'exit 3',
  'exit late',
  'throw in a timer',
  'float a rejection',
  'throw late',
  'reject late',
  'throw an Error',
  'return a function',
  'memory',
  'remove listeners',
];
const OVERLOAD = 5_000_000;
const IN_FLIGHT = 512;

let state = Number(values.seed) >>> 0;
/** mulberry32: the same work for the same seed. */
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

const queue = new JobQueue({
  logger: false,
  threads,
  spareThreads: 2,
  maxWaiting: 20_000,
  keepCompleted: 0,
  deadLetters: { max: 100 },
  worker: { resourceLimits: { maxOldGenerationSizeMb: 64 } },
});
const living = new Set();
const totals = { jobs: 0, faults: 0, ended: 0, doubled: 0, wrong: 0, killed: 0, zombies: 0, lateErrors: 0 };

queue.on('added', ({ id }) => void living.add(id));
for (const event of ['completed', 'failed', 'cancelled']) {
  queue.on(event, ({ id }) => {
    totals.ended++;
    if (!living.delete(id)) totals.doubled++;
  });
}
queue.on('thread-killed', () => void totals.killed++);
queue.on('thread-zombie', () => void totals.zombies++);
queue.on('late-error', () => void totals.lateErrors++);

async function work(n) {
  totals.jobs++;
  if (random() < 0.01) {
    totals.faults++;
    const does = FAULTS[Math.floor(random() * FAULTS.length)];
    const job = await queue.add(culprit, { does }, { attempts: random() < 0.2 ? 2 : 1, timeout: does === 'memory' ? 10_000 : 30 });
    if (random() < 0.2) job.cancel();
    await job.result().catch(() => {});
    return;
  }
  const answer = await queue.run(innocent, { n }, random() < 0.1 ? { priority: Math.floor(random() * 3), delay: random() * 5 } : undefined);
  if (answer.n !== n) totals.wrong++;
}

const memory = [];
function sample() {
  globalThis.gc?.();
  memory.push({ at: performance.now(), rss: process.memoryUsage.rss(), heap: process.memoryUsage().heapUsed });
}

/** Megabytes a minute, by least squares over the second half: the first warms up. */
function slope(key) {
  const half = memory.slice(memory.length >> 1);
  const mean = (of) => half.reduce((sum, one) => sum + of(one), 0) / half.length;
  const at = mean((one) => one.at);
  const size = mean((one) => one[key]);
  const spread = half.reduce((sum, one) => sum + (one.at - at) ** 2, 0);
  return spread === 0 ? 0 : (half.reduce((sum, one) => sum + (one.at - at) * (one[key] - size), 0) / spread / 2 ** 20) * 60_000;
}

/** Producers that do not wait, against a queue that refuses. */
async function overload() {
  const full = new JobQueue({ logger: false, threads, maxWaiting: 10_000, whenFull: 'reject', keepCompleted: 0 });
  const before = process.memoryUsage.rss();
  let most = before;
  let refused = 0;
  let completed = 0;
  let other = 0;
  const refuse = (error) => void (error instanceof QueueFullError ? refused++ : other++);
  for (let n = 0; n < OVERLOAD; n++) {
    full.run(innocent, { n }).then(() => void completed++, refuse);
    if (n % 10_000 === 0) {
      await new Promise(setImmediate);
      most = Math.max(most, process.memoryUsage.rss());
    }
  }
  await full.close();
  const lost = OVERLOAD - completed - refused - other;
  const grown = Math.round((most - before) / 2 ** 20);
  console.log(
    `overload: ${OVERLOAD} adds, ${completed} completed, ${refused} refused, ${other} other, ${lost} lost; memory grew by at most ${grown} MB`,
  );
  return lost + other;
}

const lost = await overload();
await queue.ready();
const until = performance.now() + minutes * 60_000;
let n = 0;
const producers = Array.from({ length: IN_FLIGHT }, async () => {
  while (performance.now() < until) await work(n++);
});
const reporter = (async () => {
  while (performance.now() < until) {
    sample();
    await sleep(Math.min(2_000, minutes * 2_000));
  }
})();
await Promise.all([...producers, reporter]);
while (queue.stats().threads.busy > 0) await sleep(10);
const alive = queue.stats().threads;
const { unfinished } = await queue.close();
const { totals: counted } = queue.stats();
const unbalanced = counted.added - counted.completed - counted.failed - counted.cancelled;
const missing = living.size + lost;

console.log(`mixed load of ${minutes} min on ${threads} threads, seed ${values.seed}`);
console.table({
  ...totals,
  lost: missing,
  handedBack: unfinished.length,
  unbalanced,
  interrupted: counted.interrupted,
  retried: counted.retried,
});
console.log(`threads before close: ${JSON.stringify(alive)}`);
console.log(
  `memory: ${Math.round(memory.at(-1).rss / 2 ** 20)} MB; slope ${slope('rss').toFixed(1)} MB/min resident, ${slope('heap').toFixed(1)} MB/min heap`,
);
if (missing + totals.doubled + totals.wrong + unfinished.length + unbalanced > 0) {
  console.error('jobs were lost, ended twice, or got wrong answers');
  process.exitCode = 1;
}

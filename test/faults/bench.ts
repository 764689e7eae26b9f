import type { JobQueue, QueueOptions } from 'threadmill';
import { expect } from 'vitest';
import { hold } from '../fixtures/answers.job.js';
import { culprit, innocent } from '../fixtures/culprit.job.js';
import { caught, expectBalanced, makeGate, makeQueue, until } from '../helpers.js';

const THREADS = 2;
const SPARE = 1;
const BEFORE = 3;
const BEHIND = 20;

/** What the process holds for others: a queue must leave it as it was. */
function listeners(): Record<string, number> {
  return Object.fromEntries(process.eventNames().map((event) => [String(event), process.listenerCount(event)]));
}

/** Resolves when all threads are there, idle, and none is dying. */
export async function settled(queue: JobQueue, size = THREADS + SPARE): Promise<void> {
  await until(() => {
    const { threads } = queue.stats();
    return threads.size === size && threads.busy === 0 && threads.starting === 0 && threads.zombies === 0;
  });
}

export interface Trial {
  queue: JobQueue;
  /** What the culprit's promise rejected with; `undefined` when it completed. */
  error: any;
  output: unknown;
  /** Late errors the queue told of. */
  late: any[];
  killed: { reason: string; jobId?: string | undefined }[];
  zombies: number;
}

/**
 * Runs a culprit with innocent jobs beside it (on another thread), before and behind it in the same batch. Holds that
 * the innocents complete, that all threads are there again afterwards, and that the queue still works.
 */
export async function trial(
  input: object,
  options: QueueOptions & { timeout?: number; harms?: boolean; lateErrors?: number } = {},
): Promise<Trial> {
  const { timeout, harms, lateErrors = 0, ...queueOptions } = options;
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  const before = listeners();
  process.on('warning', warned);
  const queue = makeQueue({ threads: THREADS, spareThreads: SPARE, ...queueOptions });
  const late: unknown[] = [];
  const killed: Trial['killed'] = [];
  let zombies = 0;
  queue.on('late-error', (event, error) => void late.push({ ...event, error }));
  queue.on('thread-killed', (event) => void killed.push(event));
  queue.on('thread-zombie', () => void zombies++);
  await queue.ready();
  await warmUp(queue);
  const gate = makeGate();
  const beside = await queue.add(hold, { gate: gate.memory, value: 'beside' });
  await until(() => gate.arrivals === 1);
  queue.pause();
  const innocents = [...Array(BEFORE).keys()].map((n) => queue.run(innocent, { n }) as Promise<{ n: number }>);
  const bad = await queue.add(culprit, input, timeout === undefined ? {} : { timeout });
  let inBatch = 0;
  queue.on('active', (job) => {
    if (job.id === bad.id) inBatch = queue.stats().counts.active - 1;
  });
  for (let n = BEFORE; n < BEFORE + BEHIND; n++) innocents.push(queue.run(innocent, { n }) as Promise<{ n: number }>);
  queue.resume();
  let output: unknown;
  const error = await caught(
    bad.result().then((value) => {
      output = value;
      throw COMPLETED;
    }),
  );
  const answers = await Promise.all(
    innocents.map((promise) =>
      promise.then(
        ({ n }) => n,
        (reason) => (harms ? -1 : Promise.reject(reason)),
      ),
    ),
  );
  if (!harms) expect(answers, 'the innocents').toEqual([...Array(BEFORE + BEHIND).keys()]);
  expect(inBatch, 'jobs in the batch of the culprit').toBeGreaterThanOrEqual(BEFORE);
  gate.open();
  expect(await beside.result()).toBe('beside');
  expect(beside.attempts, 'the job beside').toHaveLength(1);
  await until(() => late.length >= lateErrors);
  await settled(queue);
  await works(queue);
  expectBalanced(queue);
  await queue.close();
  process.off('warning', warned);
  expect(listeners(), 'listeners on process').toEqual(before);
  expect(warnings).toEqual([]);
  return { queue, error: error === COMPLETED ? undefined : error, output, late, killed, zombies };
}

const COMPLETED = Symbol('completed');

/** Lets the queue learn that its jobs are short, so that it makes batches. */
async function warmUp(queue: JobQueue): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await Promise.all([...Array(60).keys()].map((n) => queue.run(n % 2 ? innocent : culprit, { does: 'nothing', n })));
  }
}

/** The queue still works, on every thread. */
export async function works(queue: JobQueue): Promise<void> {
  const answers = await Promise.all([...Array(50).keys()].map((n) => queue.run(innocent, { n }) as Promise<{ n: number }>));
  expect(answers.map(({ n }) => n)).toEqual([...Array(50).keys()]);
}

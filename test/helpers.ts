import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import {
  defineJob,
  type Job,
  type JobDefinition,
  type JobOptions,
  JobQueue,
  type QueueEvent,
  type QueueEvents,
  type QueueOptions,
} from 'threadmill';
import { expect } from 'vitest';
import { EVENTS as events } from '../dist/events.js';

const queues = new Set<Pick<JobQueue, 'close'>>();
const threads = new Set<Worker>();
const baseline = handles();

process.on('worker', (worker) => {
  threads.add(worker);
  worker.once('exit', () => threads.delete(worker));
});

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length;
}

/** Closes it after the test. */
export function closeAfterwards<Queue extends Pick<JobQueue, 'close'>>(queue: Queue): Queue {
  queues.add(queue);
  return queue;
}

/** Closes what {@link makeQueue} made. */
export async function closeQueues(): Promise<void> {
  await Promise.all([...queues].map((queue) => queue.close({ drain: 'none' })));
  queues.clear();
}

/** Holds that closed queues have left no thread and no port behind. */
export async function expectNothingLeft(): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline && (threads.size > 0 || handles() > baseline)) await turn();
  const left = { threads: threads.size, handles: Math.max(0, handles() - baseline) };
  threads.clear();
  expect(left, 'what a closed queue leaves behind').toEqual({ threads: 0, handles: 0 });
}

/** A silent queue with one thread, closed after the test. */
export function makeQueue(options: QueueOptions = {}): JobQueue {
  return closeAfterwards(new JobQueue({ logger: false, threads: 1, spareThreads: 0, ...options }));
}

/** A definition of a fixture with other options; its threads run the fixture's handler. */
export function variant<Input, Parsed, Output>(
  definition: JobDefinition<Input, Parsed, Output>,
  changes: Partial<JobOptions>,
): JobDefinition<Input, Parsed, Output> {
  const { name, module, input, run, output } = definition;
  return defineJob({ name, module, input, run, ...(output && { output }), ...changes } as never) as never;
}

/** Runs jobs so often that their queue knows how long they usually take: one that was slow, on a busy machine, does not count any more. */
export async function warmUp(run: (round: number) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 30; round++) await run(round);
}

/**
 * Listens from now on; what it gives resolves when all of some jobs have been sent to a thread. They may have been taken back since: on a
 * busy machine before anybody who only looks at their state has seen it.
 */
export function sent(queue: JobQueue): (jobs: readonly Job<any, any>[]) => Promise<void> {
  const ids = new Set<string>();
  queue.on('active', ({ id }) => void ids.add(id));
  return (jobs) => until(() => jobs.every(({ id }) => ids.has(id)));
}

/** What a promise rejects with. */
export async function caught(promise: Promise<unknown>): Promise<any> {
  const nothing = Symbol('nothing');
  let error: unknown = nothing;
  await promise.catch((thrown: unknown) => {
    error = thrown;
  });
  if (error === nothing) throw new Error('expected a rejection');
  return error;
}

/** What a function throws. */
export function thrownBy(act: () => unknown): any {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('expected a throw');
}

/** The next event of which `matches` says that it is the one. */
export function next<Event extends QueueEvent>(
  queue: JobQueue,
  event: Event,
  matches: (...args: QueueEvents[Event]) => boolean = () => true,
): Promise<QueueEvents[Event]> {
  return new Promise((resolve) => {
    const listener = (...args: QueueEvents[Event]) => {
      if (!matches(...args)) return;
      queue.off(event, listener as never);
      resolve(args);
    };
    queue.on(event, listener as never);
  });
}

export const EVENTS = Object.keys(events) as QueueEvent[];

/** Everything the queue tells from now on. */
export function history(queue: JobQueue): { event: QueueEvent; args: any[] }[] {
  const told: { event: QueueEvent; args: any[] }[] = [];
  for (const event of EVENTS) queue.on(event, (...args: unknown[]) => void told.push({ event, args }));
  return told;
}

/** Shared memory that handlers wait at (`hold`, `holdAsync`) until the test opens it. */
export function makeGate() {
  const memory = new SharedArrayBuffer(16);
  const cells = new Int32Array(memory);
  return {
    memory,
    /** How many handlers have come to it. */
    get arrivals() {
      return Atomics.load(cells, 1);
    },
    open() {
      Atomics.store(cells, 0, 1);
      Atomics.notify(cells, 0);
    },
  };
}

/** A module that exists only as its text. */
export function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** Whether garbage collection takes what nothing else may hold on to. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let rounds = 0; rounds < 100 && ref.deref() !== undefined; rounds++) {
    await turn();
    collect();
  }
  return ref.deref() === undefined;
}

/** The law of the totals of a queue in which nothing lives. */
export function expectBalanced(queue: JobQueue): void {
  const { totals, counts } = queue.stats();
  expect({ delayed: counts.delayed, waiting: counts.waiting, active: counts.active }).toEqual({ delayed: 0, waiting: 0, active: 0 });
  expect(totals.added + totals.replayed).toBe(totals.completed + totals.failed + totals.cancelled);
}

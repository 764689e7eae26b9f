import { setImmediate as turn } from 'node:timers/promises';
import type { JobContext, JobDefinition } from '../index.js';
import { parse } from './bench-inputs.js';
import { Latencies, type Percentiles } from './latencies.js';
import { closedLoop, type Extent } from './load-loops.js';
import type { Tick } from './measure.js';

/** The handler on the main thread, without a queue. Times in milliseconds. */
export interface MainThreadRow {
  seconds: number;
  completed: number;
  failed: number;
  jobsPerSecond: number;
  /** Of the handler; while `callers` are in flight, an asynchronous one includes its waiting for the others. */
  run: Percentiles;
  interrupted: boolean;
}

/** Longest time between two looks at the event loop, in milliseconds: Ctrl-C must be heard between jobs that never yield. */
const LONGEST_TURN = 10;

/** Validates and calls the handler in this thread; it gets what the schema returned itself, not a copy. */
export async function measureMainThread(
  definition: JobDefinition,
  inputs: readonly unknown[],
  callers: number,
  extent: Extent,
  tick: Tick,
): Promise<MainThreadRow> {
  const run = new Latencies();
  const context = contextOf(definition, extent.signal);
  const done = { completed: 0, failed: 0 };
  let next = 0;
  const start = performance.now();
  let turned = start;
  const fire = async () => {
    try {
      const input = await parse(definition, inputs[next++ % inputs.length], 'input');
      const start = performance.now();
      await definition.run(input, context);
      run.record(performance.now() - start);
      done.completed++;
    } catch {
      done.failed++;
    }
    if (performance.now() - turned < LONGEST_TURN) return;
    tick(done.completed + done.failed, (performance.now() - start) / 1_000);
    await turn();
    turned = performance.now();
  };
  await Promise.race([closedLoop(fire, callers, extent), aborted(extent.signal)]);
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, ...done, jobsPerSecond: done.completed / seconds, run: run.percentiles(), interrupted: extent.signal.aborted };
}

function contextOf({ name }: JobDefinition, signal: AbortSignal): JobContext {
  const nothing = () => {};
  return {
    id: 'main-thread',
    name,
    attempt: 1,
    maxAttempts: 1,
    metadata: undefined,
    signal,
    get aborted() {
      return signal.aborted;
    },
    throwIfAborted: () => signal.throwIfAborted(),
    progress: nothing,
    checkpoint: nothing,
    snooze: (ms) => {
      throw new Error(`put off for ${ms} ms`);
    },
    lastCheckpoint: undefined,
    resource: undefined,
    log: { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { type JobDefinition, JobQueue, ModuleError, QueueClosedError } from '../index.js';
import { errorLine } from './dead-letter.js';
import { UsageError } from './exit.js';
import { Latencies, percentilesOf } from './latencies.js';
import { closedLoop, type Extent, openLoop } from './load-loops.js';
import type { Observer } from './observer.js';
import { type Row, rowName } from './row.js';

export interface MeasureSetting {
  readonly threads: number;
  readonly load: { readonly concurrency: number } | { readonly rate: number };
  /** Milliseconds. */
  readonly warmup: number;
  readonly extent: Extent;
  readonly observers?: readonly Observer[];
}

/** Measures one setting in a queue of its own. Throws {@link UsageError} when the threads cannot load the module. */
export async function measure(definition: JobDefinition, inputs: readonly unknown[], setting: MeasureSetting, tick: Tick): Promise<Row> {
  const kept = { keepCompleted: 0, deadLetters: { max: 0 } };
  const { threads, observers = [] } = setting;
  const options = Object.assign({}, ...observers.map((observer) => observer.options));
  const queue = new JobQueue({ jobs: [definition], threads, logger: false, ...kept, ...options });
  for (const observer of observers) observer.opened?.(queue, `${definition.name}, ${rowName({ threads, ...setting.load })}`);
  try {
    await queue.ready();
    return await new Measurement(definition, inputs, queue, tick).go(setting);
  } catch (error) {
    if (error instanceof ModuleError) throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    for (const observer of observers) observer.closed?.();
    await queue.close({ drain: 'none' });
  }
}

/** Called as a job ends: how many have, and the seconds since the first was started. */
export type Tick = (ended: number, seconds: number) => void;

/** Resolution of the look at the event loop, in milliseconds; the histogram contains it. */
const RESOLUTION = 10;

class Measurement {
  #wait = new Latencies();
  #run = new Latencies();
  #total = new Latencies();
  #failures: Record<string, number> = {};
  #completed = 0;
  #failed = 0;
  #next = 0;
  #start = 0;
  #lastEnd = 0;
  #counts = false;

  constructor(
    readonly definition: JobDefinition,
    readonly inputs: readonly unknown[],
    readonly queue: JobQueue,
    readonly tick: Tick,
  ) {}

  async go({ threads, load, warmup, extent, observers = [] }: MeasureSetting): Promise<Row> {
    const { signal } = extent;
    // Those in flight are given up at once; what has ended is the result.
    signal.addEventListener('abort', () => void this.queue.close({ drain: 'none' }), { once: true });
    const callers = 'rate' in load ? 2 * threads : load.concurrency;
    await closedLoop(this.#fire, callers, { duration: warmup, count: Number.POSITIVE_INFINITY, signal });
    await Promise.all(observers.map((observer) => observer.started?.()));
    this.#counts = true;
    const killed = this.queue.stats().threads.killed;
    const meter = startMeter();
    this.#start = performance.now();
    const unfinished = 'rate' in load ? await this.#openLoop(load.rate, extent) : 0;
    if ('concurrency' in load) await closedLoop(this.#fire, load.concurrency, extent);
    const used = meter(this.#lastEnd);
    const jobs = this.#completed + this.#failed;
    const row: Row = {
      threads,
      ...load,
      seconds: used.seconds,
      completed: this.#completed,
      failed: this.#failed,
      failures: this.#failures,
      unfinished,
      kills: this.queue.stats().threads.killed - killed,
      jobsPerSecond: this.#completed / used.seconds,
      wait: this.#wait.percentiles(),
      run: this.#run.percentiles(),
      total: this.#total.percentiles(),
      cpu: used.cpu,
      eventLoop: used.eventLoop,
      overhead: jobs === 0 ? 0 : used.busy / jobs,
      interrupted: signal.aborted,
    };
    await Promise.all(observers.map((observer) => observer.ended?.(row)));
    return row;
  }

  async #openLoop(rate: number, extent: Extent): Promise<number> {
    const { intended, until } = await openLoop(this.#fire, rate, extent);
    for (const start of intended) this.#total.record(until - start);
    return intended.length;
  }

  readonly #fire = async (intended: number): Promise<void> => {
    const counts = this.#counts;
    const added = performance.now();
    try {
      const job = await this.queue.add(this.definition, this.inputs[this.#next++ % this.inputs.length]);
      try {
        await job.result();
      } finally {
        if (counts && job.state !== 'cancelled') this.#ended(intended, added, job.waitTime, job.attempts[0]?.duration);
      }
      if (counts) this.#completed++;
    } catch (error) {
      if (error instanceof QueueClosedError || !counts) return;
      this.#failed++;
      const { code, name } = errorLine(error, false);
      const key = String(code ?? name);
      this.#failures[key] = (this.#failures[key] ?? 0) + 1;
    }
    if (counts) this.tick(this.#completed + this.#failed, (performance.now() - this.#start) / 1_000);
  };

  /** A job that the closing queue gave up has no attempt that ended, and is not counted. */
  #ended(intended: number, added: number, waited: number | undefined, ran: number | undefined): void {
    if (waited === undefined || ran === undefined) return;
    this.#lastEnd = performance.now();
    this.#wait.record(added - intended + waited);
    this.#run.record(ran);
    this.#total.record(this.#lastEnd - intended);
  }
}

/** Starts to look at the process; what it gives stops, and tells. `lastEnd`: when the last job ended, 0 for none. */
function startMeter() {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
  delay.enable();
  const start = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  return (lastEnd: number) => {
    const { user, system } = process.cpuUsage(cpu);
    const { utilization, active } = performance.eventLoopUtilization(loop);
    const elapsed = performance.now() - start;
    delay.disable();
    return {
      seconds: (lastEnd === 0 ? elapsed : lastEnd - start) / 1_000,
      cpu: (user + system) / 1_000 / elapsed,
      eventLoop: { delay: percentilesOf(delay, 1e6, RESOLUTION), utilization },
      busy: active,
    };
  };
}

import type { JobDefinition } from '../index.js';
import { checkInputs, parse, readInputs } from './bench-inputs.js';
import { type BenchResult, benchResult } from './bench-result.js';
import { type Chart, loadChart } from './chart.js';
import { definitionIn, withOptions } from './definition.js';
import { EXIT } from './exit.js';
import { onInterrupt } from './interrupt.js';
import type { Extent } from './load-loops.js';
import { type MainThreadRow, measureMainThread } from './main-thread.js';
import { type MeasureSetting, measure, type Tick } from './measure.js';
import { perSecond } from './numbers.js';
import type { Observer } from './observer.js';
import { probe } from './probe.job.js';
import { Profiler } from './profiler.js';
import { showProgress } from './progress.js';
import { tables } from './report.js';
import { type Row, rowName } from './row.js';
import { TimelineFile } from './timeline.js';

export interface BenchOptions {
  /** Name of the job; needed when the module exports several. */
  job?: string;
  /** A JSON array or lines of JSON; `-`: stdin. */
  input: string;
  threads: number[];
  /** Closed loop: jobs in flight. Default 16 for each thread. */
  concurrency?: number;
  /** Open loop: jobs arriving a second. */
  rate?: number[];
  /** Seconds of each measurement. Default 5; without limit when there is a `count`. */
  duration?: number;
  /** Jobs of each measurement. */
  count?: number;
  /** Seconds before each measurement that do not count. */
  warmup: number;
  /** Milliseconds. Default the definition's. */
  timeout?: number;
  /** Run the handler on the main thread too. */
  main: boolean;
  /** Print JSON instead of tables. */
  json: boolean;
  /** File for an SVG. */
  chart?: string;
  /** File for what every thread did when. */
  timeline?: string;
  /** Folder for CPU profiles of the threads. */
  profile?: string;
}

const CALLERS_PER_THREAD = 16;
/** Seconds. */
const DEFAULT_DURATION = 5;

/** Measures a job. Resolves with the exit code. Throws `UsageError` when nothing can be measured. */
export async function bench(module: string, options: BenchOptions): Promise<number> {
  const loaded = await definitionIn(module, options.job);
  const definition = unlimited(loaded, options);
  const inputs = await readInputs(options.input);
  await checkInputs(definition, inputs);
  const chart = options.chart === undefined ? undefined : await loadChart(options.chart);
  const timeline = options.timeline === undefined ? undefined : new TimelineFile(options.timeline);
  const profiler = options.profile === undefined ? undefined : new Profiler(options.profile);
  using interrupt = onInterrupt();
  const observers = [timeline, profiler].filter((observer) => observer !== undefined);
  const result = await measureAll(definition, inputs, options, observers, interrupt.signal);
  profiler?.close();
  const recorded = (await timeline?.close()) ?? true;
  process.stdout.write(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : tables(result));
  write(chart, result);
  for (const file of profiler?.files ?? []) process.stderr.write(`written: ${file}\n`);
  if (result.interrupted) return EXIT.INTERRUPTED;
  return !recorded || result.rows.some(({ failed, unfinished }) => failed + unfinished > 0) ? EXIT.FAILED : EXIT.OK;
}

function write(chart: Chart | undefined, result: BenchResult): void {
  if (chart !== undefined && result.rows.length > 0) chart.write(result);
}

/** A retry would be measured as waiting, and a limit of the definition would be measured instead of the machine. */
function unlimited(definition: JobDefinition, { timeout }: BenchOptions): JobDefinition {
  if (definition.rateLimit !== undefined || definition.concurrency !== Number.POSITIVE_INFINITY) {
    process.stderr.write(`the rateLimit and concurrency of ${definition.name} are not applied: they would be what is measured\n`);
  }
  const free = { ...definition, concurrency: Number.POSITIVE_INFINITY, rateLimit: undefined };
  return withOptions(free, { maxAttempts: 1, timeout });
}

async function measureAll(
  definition: JobDefinition,
  inputs: readonly unknown[],
  options: BenchOptions,
  observers: readonly Observer[],
  signal: AbortSignal,
): Promise<BenchResult> {
  const rows: Row[] = [];
  for (const setting of settings(options, observers, signal)) {
    if (signal.aborted) break;
    const name = rowName({ threads: setting.threads, ...setting.load });
    const row = await showing(name, setting.extent, (tick) => measure(definition, inputs, setting, tick));
    if (row.completed + row.failed > 0) rows.push(row);
  }
  const main = await mainThread(definition, inputs, options, rows, signal);
  const empty = await measureProbe(definition, inputs, extentOf(options, signal));
  return benchResult(definition.name, options.input, inputs.length, rows, main, empty, signal.aborted);
}

function settings(
  { threads, rate, concurrency, warmup, ...options }: BenchOptions,
  observers: readonly Observer[],
  signal: AbortSignal,
): MeasureSetting[] {
  const extent = extentOf(options, signal);
  return threads.flatMap((threads) => {
    const loads = rate?.map((rate) => ({ rate })) ?? [{ concurrency: concurrency ?? CALLERS_PER_THREAD * threads }];
    return loads.map((load) => ({ threads, load, warmup: warmup * 1_000, extent, observers }));
  });
}

function extentOf({ duration, count }: Pick<BenchOptions, 'duration' | 'count'>, signal: AbortSignal): Extent {
  const seconds = duration ?? (count === undefined ? DEFAULT_DURATION : Number.POSITIVE_INFINITY);
  return { duration: seconds * 1_000, count: count ?? Number.POSITIVE_INFINITY, signal };
}

/** Last, and only after every job ended well in a thread: one that hangs or dies would take the command with it. */
async function mainThread(
  definition: JobDefinition,
  inputs: readonly unknown[],
  options: BenchOptions,
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<MainThreadRow | string> {
  if (!options.main) return '--no-main';
  if (signal.aborted) return 'interrupted';
  if (rows.some(({ kills }) => kills > 0)) return 'a job lost its thread; here it would hang or end the command';
  const extent = extentOf(options, signal);
  const callers = options.concurrency ?? CALLERS_PER_THREAD;
  return showing('main thread', extent, (tick) => measureMainThread(definition, inputs, callers, extent, tick));
}

/** Longest look at what an empty job costs, in milliseconds. */
const PROBE_DURATION = 400;

/** An empty job with the same inputs, as the threads get them. */
async function measureProbe(definition: JobDefinition, inputs: readonly unknown[], { duration, signal }: Extent): Promise<Row | undefined> {
  if (signal.aborted) return undefined;
  const parsed = await Promise.all(inputs.map((input) => parse(definition, input, 'input')));
  const extent = { duration: Math.min(duration, PROBE_DURATION), count: Number.POSITIVE_INFINITY, signal };
  const setting = { threads: 1, load: { concurrency: 128 }, warmup: extent.duration / 2, extent };
  return measure(probe, parsed, setting, () => {});
}

/** Shows how far a measurement is, and its throughput when it is over. */
async function showing<Measured extends { jobsPerSecond: number }>(
  name: string,
  { duration, count }: Extent,
  work: (tick: Tick) => Promise<Measured>,
): Promise<Measured> {
  // Of 1: of the time or of the jobs, whichever is further.
  const progress = showProgress(name, 1);
  try {
    const measured = await work((ended, seconds) => {
      progress.update(Math.max((seconds * 1_000) / duration, ended / count), () => perSecond(ended / seconds));
    });
    progress.note(`${name}: ${perSecond(measured.jobsPerSecond)}`);
    return measured;
  } finally {
    progress.stop();
  }
}

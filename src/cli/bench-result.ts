import { cpus } from 'node:os';
import type { MainThreadRow } from './main-thread.js';
import type { Row } from './row.js';

/** What `bench --json` prints. Times in milliseconds where the name says nothing else. */
export interface BenchResult {
  job: string;
  /** The file of the inputs, and how many it holds. */
  input: string;
  inputs: number;
  date: string;
  machine: { node: string; cpu: string; cores: number };
  rows: Row[];
  /** Absent when it was not measured; then `mainThreadSkipped` says why. */
  mainThread?: MainThreadRow;
  mainThreadSkipped?: string;
  /** Absent when no job ended. */
  breakEven?: BreakEven;
  interrupted: boolean;
}

export interface BreakEven {
  /**
   * The run time from which a thread pays: what handing a job over costs the main thread, measured with an empty
   * handler, one thread and the same inputs as the schema returned them. Results are not in it; `overhead` of a row has all.
   */
  runTime: number;
  /** Mean run time of this job in a thread. */
  measured: number;
  pays: boolean;
}

/** Puts the measurements together. */
export function benchResult(
  job: string,
  input: string,
  inputs: number,
  rows: Row[],
  main: MainThreadRow | string,
  probe: Row | undefined,
  interrupted: boolean,
): BenchResult {
  const mainThread = typeof main === 'string' ? { mainThreadSkipped: main } : { mainThread: main };
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  const facts = { job, input, inputs, date: new Date().toISOString(), machine };
  const compared = rows.map((row) => ({ ...row, ...speedUp(row, rows, mainThread.mainThread) }));
  return { ...facts, rows: compared, ...mainThread, ...breakEven(rows, probe), interrupted };
}

/** Under an arrival rate throughput is that rate: nothing to compare. */
function speedUp(row: Row, rows: readonly Row[], main: MainThreadRow | undefined): Pick<Row, 'speedUp'> {
  if (row.rate !== undefined) return {};
  const over = (other: { jobsPerSecond: number } | undefined) =>
    other === undefined || other.jobsPerSecond === 0 ? undefined : row.jobsPerSecond / other.jobsPerSecond;
  const [overOneThread, overMain] = [over(rows.find(({ threads }) => threads === 1)), over(main)];
  return { speedUp: { ...(overOneThread !== undefined && { overOneThread }), ...(overMain !== undefined && { overMain }) } };
}

function breakEven(rows: readonly Row[], probe: Row | undefined): { breakEven?: BreakEven } {
  const fewest = rows.filter(({ completed }) => completed > 0).sort((a, b) => a.threads - b.threads)[0];
  if (fewest === undefined || probe === undefined || probe.completed === 0) return {};
  const { overhead: runTime } = probe;
  return { breakEven: { runTime, measured: fewest.run.mean, pays: fewest.run.mean > runTime } };
}

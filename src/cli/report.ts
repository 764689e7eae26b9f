import type { BenchResult, BreakEven } from './bench-result.js';
import type { HotFunctions } from './hot-functions.js';
import type { Percentiles } from './latencies.js';
import type { MainThreadRow } from './main-thread.js';
import { count, digits } from './numbers.js';
import type { Row } from './row.js';
import { rowName } from './row.js';

/** The result for people. */
export function tables(result: BenchResult): string {
  const { rows, mainThread } = result;
  if (rows.length === 0) return 'nothing was measured\n';
  const profiles = rows.flatMap((row) => (row.profile === undefined ? [] : [hot(result.job, row, row.profile)]));
  const parts = [heading(result), throughput(rows, mainThread), latency(rows, mainThread), ...profiles, ...notes(result)];
  return `\n${parts.join('\n\n')}\n`;
}

function heading({ job, input, inputs, machine, rows }: BenchResult): string {
  const flight = [...new Set(rows.map(({ concurrency }) => concurrency))].join(', ');
  const load = rows[0]?.rate === undefined ? `closed loop, ${flight} in flight` : 'open loop, latency from the intended start';
  return `${job} · ${count(inputs)} inputs from ${input} · ${load} · Node.js ${machine.node}, ${machine.cores} cores`;
}

const THROUGHPUT = ['', 'jobs/s', '× 1 thread', '× main', 'CPU cores', 'failed', 'kills', 'loop delay p99 ms', 'loop busy'];

function throughput(rows: readonly Row[], main: MainThreadRow | undefined): string {
  const cells = rows.map((row) => [
    row.interrupted ? `${rowName(row)} (stopped)` : rowName(row),
    digits(row.jobsPerSecond),
    times(row.speedUp?.overOneThread),
    times(row.speedUp?.overMain),
    row.cpu.toFixed(2),
    count(row.failed),
    count(row.kills),
    digits(row.eventLoop.delay.p99),
    `${Math.round(row.eventLoop.utilization * 100)}%`,
  ]);
  const mainCells = main && ['main thread', digits(main.jobsPerSecond), '', '', '', count(main.failed), '', '', ''];
  return table([THROUGHPUT, ...cells, ...(mainCells ? [mainCells] : [])]);
}

function latency(rows: readonly Row[], main: MainThreadRow | undefined): string {
  const line = (name: string, what: string, { p50, p90, p99, max }: Percentiles) => [name, what, ...[p50, p90, p99, max].map(digits)];
  const cells = rows.flatMap((row) => [line(rowName(row), 'wait', row.wait), line('', 'run', row.run), line('', 'total', row.total)]);
  const mainCells = main ? [line('main thread', 'run', main.run)] : [];
  return table([['latency, ms', '', 'p50', 'p90', 'p99', 'max'], ...cells, ...mainCells], 2);
}

function hot(job: string, row: Row, { threads, samples, busy, functions }: HotFunctions): string {
  const cells = functions.map(({ functionName, place, self, share }) => [
    functionName,
    place,
    digits(self),
    `${(share * 100).toFixed(1)}%`,
  ]);
  const title = `${job}, ${rowName(row)}: where ${digits(busy)} ms of CPU went in ${threads} threads, by ${count(samples)} samples`;
  return `${title}\n${table([['function', '', 'self ms', 'share'], ...cells], 2)}`;
}

function times(factor: number | undefined): string {
  return factor === undefined ? '' : factor.toFixed(2);
}

function notes({ rows, mainThreadSkipped, breakEven }: BenchResult): string[] {
  const lines = rows.flatMap((row) => {
    const failures = Object.entries(row.failures).map(([code, number]) => `${count(number)} × ${code}`);
    return [
      ...(failures.length > 0 ? [`${rowName(row)}: failed ${failures.join(', ')}`] : []),
      ...(row.unfinished > 0 ? [`${rowName(row)}: ${count(row.unfinished)} arrived and never ended: the rate is beyond this machine`] : []),
    ];
  });
  if (mainThreadSkipped !== undefined) lines.push(`not run on the main thread: ${mainThreadSkipped}`);
  if (breakEven !== undefined) lines.push(verdict(breakEven));
  return lines.length > 0 ? [lines.join('\n')] : [];
}

function verdict({ runTime, measured, pays }: BreakEven): string {
  const facts = `break-even: a job in a thread costs the main thread ${duration(runTime)}; from that run time on a thread pays`;
  const factor = digits(measured / runTime);
  return `${facts}\nthis job runs ${duration(measured)} on average, ${factor} times that: ${pays ? 'threads pay' : 'call its handler directly'}`;
}

function duration(ms: number): string {
  return ms < 1 ? `${digits(ms * 1_000)} µs` : `${digits(ms)} ms`;
}

/** Columns of equal width; the first `left` are aligned left, the others right. */
function table(rows: readonly (readonly string[])[], left = 1): string {
  const widths = (rows[0] as readonly string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const pad = (cell: string, column: number) =>
    column < left ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

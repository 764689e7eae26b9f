import { closeSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf } from '../internals.js';
import type { BenchResult } from './bench-result.js';
import { UsageError } from './exit.js';
import { openFile } from './files.js';
import { digits } from './numbers.js';
import type { Row } from './row.js';

export interface Chart {
  write(result: BenchResult): void;
}

/**
 * Loads echarts, which is optional, and tries the file: both fail before anything is measured. The file is made, or
 * replaced, when there is a chart. Throws {@link UsageError}.
 */
export async function loadChart(file: string): Promise<Chart> {
  const echarts = await loadEcharts();
  const isThere = existsSync(file);
  closeSync(openFile(file, 'a'));
  if (!isThere) rmSync(file);
  return {
    write: (result) => {
      const plot = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 640 });
      plot.setOption(optionsOf(result));
      writeFileSync(file, `${plot.renderToSVGString()}\n`);
      plot.dispose();
    },
  };
}

async function loadEcharts() {
  try {
    return await import('echarts');
  } catch (error) {
    throw new UsageError(`--chart needs the package echarts; install it with: npm install echarts (${messageOf(error)})`, { cause: error });
  }
}

const FAILED = 'failed/s';
const ALL_DONE = 'arriving = done';

type Curve = { name: string; axis: 0 | 1; value: (row: Row) => number };

const CURVES: readonly Curve[] = [
  { name: 'jobs/s', axis: 0, value: ({ jobsPerSecond }) => jobsPerSecond },
  { name: FAILED, axis: 0, value: ({ failed, seconds }) => failed / seconds },
  { name: 'total p50', axis: 1, value: ({ total }) => total.p50 },
  { name: 'total p99', axis: 1, value: ({ total }) => total.p99 },
  { name: 'run p50', axis: 1, value: ({ run }) => run.p50 },
];

/** Throughput above, latency below, over the rate when there are several, else over the threads. */
function optionsOf({ job, rows, machine }: BenchResult) {
  const byRate = new Set(rows.map(({ rate }) => rate)).size > 1;
  const x = (row: Row) => (byRate ? (row.rate as number) : row.threads);
  const groups = [...new Set(rows.map((row) => (byRate ? row.threads : row.rate)))];
  const inGroup = (group: number | undefined) => rows.filter((row) => (byRate ? row.threads : row.rate) === group);
  const label = (name: string, group: number | undefined) => (groups.length > 1 ? `${name}, ${group} ${byRate ? 'threads' : '/s'}` : name);
  const curves = CURVES.filter(({ name }) => name !== FAILED || rows.some(({ failed }) => failed > 0));
  const rates = rows.map(({ rate }) => rate as number).sort((a, b) => a - b);
  const axis = {
    type: 'value',
    min: 0,
    minInterval: 1,
    name: byRate ? 'arriving jobs a second' : 'threads',
    nameLocation: 'middle',
    nameGap: 26,
  } as const;
  const scale = { type: 'value', min: 0, axisLabel: { formatter: (value: number) => digits(value) } } as const;
  return {
    animation: false,
    backgroundColor: '#ffffff',
    color: ['#0f766e', '#7c3aed', '#f59e0b', '#dc2626', '#64748b'],
    title: {
      text: `${job}: throughput and latency`,
      subtext: `${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}`,
      left: 16,
      top: 8,
    },
    legend: { top: 12, right: 16, width: 460 },
    grid: [0, 1].map((half) => ({ left: 80, right: 40, top: 90 + half * 285, height: 190 })),
    xAxis: [0, 1].map((gridIndex) => ({ ...axis, gridIndex })),
    yAxis: ['jobs a second', 'latency, ms'].map((name, gridIndex) => ({ ...scale, name, gridIndex })),
    series: [
      ...groups.flatMap((group) =>
        curves.map(({ name, axis, value }) => ({
          ...line(label(name, group), axis),
          symbolSize: 8,
          data: inGroup(group).map((row) => [x(row), value(row)]),
        })),
      ),
      // Where the other line leaves this one, the machine does not keep up.
      ...(byRate
        ? [
            {
              ...line(ALL_DONE, 0),
              symbol: 'none',
              itemStyle: { color: '#94a3b8' },
              lineStyle: { type: 'dashed' as const, color: '#94a3b8' },
              data: rates.map((rate) => [rate, rate]),
            },
          ]
        : []),
    ],
  };
}

function line(name: string, half: 0 | 1) {
  return { name, type: 'line' as const, xAxisIndex: half, yAxisIndex: half };
}

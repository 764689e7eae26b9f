import * as echarts from 'echarts';
import { median } from './measure.js';
import type { Group, Report } from './result.js';

const COLOURS = ['#0f766e', '#f59e0b'];

/** No-op jobs a second of every contender, as SVG. */
export function chart(report: Report): string {
  const groups = (report.cases.noop ?? []).filter(({ name }) => !name.endsWith('limits'));
  const names = Object.keys(groups[0]?.rounds ?? {}).reverse();
  const plot = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 900, height: 120 + names.length * 52 });
  plot.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: COLOURS,
    title: { text: 'No-op jobs a second, two threads', subtext: subtitle(report), left: 16, top: 8 },
    legend: { top: 12, right: 16 },
    grid: { left: 16, right: 80, top: 70, bottom: 16, containLabel: true },
    xAxis: { type: 'value', axisLabel: { formatter: thousands } },
    yAxis: { type: 'category', data: names },
    series: groups.map((group) => bars(group, names)),
  });
  const svg = plot.renderToSVGString();
  plot.dispose();
  return `${svg}\n`;
}

function bars({ name, rounds }: Group, names: readonly string[]) {
  const data = names.map((contender) => Math.round(1e6 / median(rounds[contender] ?? [])));
  const label = { show: true, position: 'right', formatter: ({ value }: { value: unknown }) => thousands(Number(value)) } as const;
  return { name: name.replace('no-op, ', ''), type: 'bar', data, label } as const;
}

function subtitle({ date, machine }: Report): string {
  return `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}`;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
}

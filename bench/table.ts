import { median, ratios } from './measure.js';
import { targets } from './reach.js';
import type { Group, Report } from './result.js';

/** The whole report in Markdown: machine, targets, and one table a case. */
export function markdown(report: Report): string {
  const cases = Object.entries(report.cases).map(([name, groups]) => `### ${name}\n\n${caseTable(groups)}`);
  return [heading(report), ...cases, `### Targets\n\n${targetTable(report)}`].join('\n\n');
}

export function heading({ date, machine, versions, quick }: Report): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const { cpu, cores, memory, platform, node } = machine;
  return [
    `${date} · Node ${node} · ${cpu}, ${cores} cores, ${memory} · ${platform}${quick ? ' · short rounds (`--quick`)' : ''}`,
    packages.join(' · '),
  ].join('\n\n');
}

/** One row a contender. `threadmill is ahead`: the median of the rounds' ratios, and the least and greatest of them. */
export function caseTable(groups: readonly Group[]): string {
  const head = ['| | | median | min to max | threadmill is ahead, times |', '|---|---|---:|---:|---:|'];
  return [...head, ...groups.flatMap(groupRows)].join('\n');
}

function groupRows(group: Group): string[] {
  return Object.entries(group.rounds).map(([name, values], row) => {
    const label = row === 0 ? `**${group.name}**, ${group.unit}` : '';
    return `| ${label} | ${name} | ${digits(median(values))} | ${spread(values)} | ${ahead(group, name)} |`;
  });
}

function ahead(group: Group, name: string): string {
  if (!group.compare || name === 'threadmill') return '';
  const all = ratios(group, name);
  return `**${digits(median(all))}** (${spread(all)})`;
}

function spread(values: readonly number[]): string {
  return values.length < 2 ? '' : `${digits(Math.min(...values))} to ${digits(Math.max(...values))}`;
}

export function targetTable(report: Report): string {
  const rows = targets(report)
    .filter(({ measured }) => measured !== undefined)
    .map(({ what, goal, measured, met }) => `| ${what} | ${goal} | ${digits(measured as number)} | ${met ? 'yes' : '**no**'} |`);
  return ['| target | goal | measured | met |', '|---|---:|---:|---|', ...rows].join('\n');
}

/** Three significant digits, or all of a large whole number. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}

import { median, ratios } from './measure.js';
import { type Target, targets } from './reach.js';
import type { Group, Report } from './result.js';

/** The whole report in Markdown: machine, and one table a case. */
export function markdown(report: Report): string {
  const cases = Object.entries(report.cases).map(([name, groups]) => `### ${name}\n\n${caseTable(groups)}`);
  return [heading(report), ...cases].join('\n\n');
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

/** One row a target, one column a report; what is missed is bold. */
export function targetTable(reports: readonly Report[]): string {
  const head = ['target', 'goal', ...reports.map(({ machine }) => `Node ${machine.node}`)];
  const columns = reports.map(targets);
  const rows = (columns[0] ?? []).map(({ what, goal }, row) => [what, goal, ...columns.map((column) => met(column[row]))]);
  const measured = rows.filter((cells) => cells.slice(2).some((cell) => cell !== ''));
  return [head, ['---', '---:', ...reports.map(() => '---:')], ...measured].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function met(target: Target | undefined): string {
  if (target?.measured === undefined) return '';
  return target.met ? digits(target.measured) : `**${digits(target.measured)}, missed**`;
}

/** Three significant digits, or all of a large whole number. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { chart } from './chart.js';
import type { Report } from './result.js';
import { markdown, targetTable } from './table.js';

const START = '<!-- results: written by `npm run bench -- --write-readme` -->';
const END = '<!-- end of results -->';

/** Source folder of the benchmark: this file runs from `.build/bench`. */
const BENCH = new URL('../../bench/', import.meta.url);

/** Writes the report where it is read: its JSON and chart, one of each for every Node.js, and the part of the README between the markers. */
export function publish(report: Report): void {
  const name = `results-node${major(report)}`;
  writeFileSync(new URL(`${name}.json`, BENCH), `${JSON.stringify(report, rounded, 1)}\n`);
  if (report.cases.noop) writeFileSync(new URL(`${name}.svg`, BENCH), chart(report));
  const file = new URL('README.md', BENCH);
  const readme = readFileSync(file, 'utf8');
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${file.pathname} lacks the markers ${START} and ${END}`);
  writeFileSync(file, `${readme.slice(0, start)}${START}\n\n${results(published())}\n\n${readme.slice(end)}`);
}

/** All reports that were published, oldest Node.js first. */
function published(): Report[] {
  const names = readdirSync(BENCH).filter((name) => /^results-node\d+\.json$/.test(name));
  const reports: Report[] = names.map((name) => JSON.parse(readFileSync(new URL(name, BENCH), 'utf8')));
  return reports.sort((a, b) => major(a) - major(b));
}

function results(reports: readonly Report[]): string {
  const sections = reports.map((report) => {
    const heading = `## Results on Node.js ${major(report)}`;
    return `${heading}\n\n![No-op jobs a second](results-node${major(report)}.svg)\n\n${markdown(report)}`;
  });
  return [targetTable(reports), ...sections].join('\n\n');
}

function major({ machine }: Report): number {
  return Number(/\d+/.exec(machine.node)?.[0]);
}

/** Digits below a thousandth are noise. */
export function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value;
}

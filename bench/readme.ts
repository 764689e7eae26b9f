import { readFileSync, writeFileSync } from 'node:fs';
import { chart } from './chart.js';
import type { Report } from './result.js';
import { markdown } from './table.js';

const START = '<!-- results: written by `npm run bench -- --write-readme` -->';
const END = '<!-- end of results -->';

/** Source folder of the benchmark: this file runs from `.build/bench`. */
const BENCH = new URL('../../bench/', import.meta.url);
export const RESULTS = new URL('results.json', BENCH);

/** Writes the report where it is read: the JSON, the chart, and the part of the README between the markers. */
export function publish(report: Report): void {
  writeFileSync(RESULTS, `${JSON.stringify(report, rounded, 1)}\n`);
  if (report.cases.noop) writeFileSync(new URL('results.svg', BENCH), chart(report));
  const file = new URL('README.md', BENCH);
  const readme = readFileSync(file, 'utf8');
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start < 0 || end < start) throw new Error(`${file.pathname} lacks the markers ${START} and ${END}`);
  const picture = '![No-op jobs a second](results.svg)';
  writeFileSync(file, `${readme.slice(0, start)}${START}\n\n${picture}\n\n${markdown(report)}\n\n${readme.slice(end)}`);
}

/** Digits below a thousandth are noise. */
export function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value;
}

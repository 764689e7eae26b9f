import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cases } from './cases/all.js';
import { runIsolated } from './isolated.js';
import { machine, versions } from './machine.js';
import { publish, rounded } from './readme.js';
import type { Group, Report } from './result.js';
import { caseTable, heading, targetTable } from './table.js';

const { values: args } = parseArgs({
  options: {
    case: { type: 'string', multiple: true, default: Object.keys(cases) },
    json: { type: 'string' },
    from: { type: 'string' },
    quick: { type: 'boolean', default: false },
    'write-readme': { type: 'boolean', default: false },
  },
});

const report = args.from === undefined ? await run() : read(args.from);
console.log(`\n${targetTable([report])}`);
if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(report, rounded, 1)}\n`);
if (args['write-readme']) publish(report);

async function run(): Promise<Report> {
  for (const name of args.case) if (!(name in cases)) throw new Error(`--case ${name}: expected one of ${Object.keys(cases).join(', ')}`);
  const results: Record<string, Group[]> = {};
  const report: Report = { date: new Date().toISOString(), machine: machine(), versions: versions(), quick: args.quick, cases: results };
  console.log(heading(report));
  for (const name of args.case) {
    results[name] = await runIsolated(name, { quick: args.quick, rounds: args.quick ? 3 : 7 });
    console.log(`\n${name}\n\n${caseTable(results[name])}`);
    if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(report, rounded, 1)}\n`);
  }
  return report;
}

function read(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8'));
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { instrument } from 'threadmill/opentelemetry';
import { beforeAll, describe, expect, it } from 'vitest';
import { root, run, tsc } from '../docs.js';
import { caught, makeQueue } from '../helpers.js';
import { failing } from './fixtures/traced.job.js';

const text = readFileSync(new URL('../../examples/telemetry/dashboard.json', import.meta.url), 'utf8');

/** What Grafana publishes of its schema, as types: https://github.com/grafana/grafana-foundation-sdk. Its enums are texts in JSON. */
const HEAD = `
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type { Options as stat } from '@grafana/grafana-foundation-sdk/stat';
import type { FieldConfig, Options as timeseries } from '@grafana/grafana-foundation-sdk/timeseries';
type InJson<T> = T extends string ? (string extends T ? string : \`\${T}\`)
  : T extends number | boolean | null | undefined ? T
  : T extends (infer Item)[] ? InJson<Item>[]
  : unknown extends T ? unknown
  : { [Key in keyof T as Key extends \`_\${string}\` ? never : Key]: InJson<T[Key]> };
`;

/** What the compiler says of a dashboard, with what the schema leaves to each kind of panel. */
function complaints(dashboard: any): string {
  const folder = join(root, '.build/dashboard');
  const parts = dashboard.panels.flatMap(({ type, options, targets, fieldConfig }: any) => [
    [type, options],
    ...targets.map((target: unknown) => ['Dataquery', target]),
    ...(type === 'timeseries' ? [['FieldConfig', fieldConfig.defaults.custom ?? {}]] : []),
  ]);
  const lines = [['Dashboard', dashboard], ...parts].map(
    ([type, value], at) => `export const _${at}: InJson<${type}> = ${JSON.stringify(value)};`,
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'check.ts'), HEAD + lines.join('\n'));
  const options = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: true, noEmit: true, types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['check.ts'] }));
  return run(process.execPath, [tsc, '-p', folder], root).text;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}

interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string }[] };
}

describe("the guide's dashboard", () => {
  const dashboard = JSON.parse(text);
  const { panels, templating } = dashboard as Dashboard;
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  let exported: string;

  beforeAll(async () => {
    const reader = new PrometheusExporter({ preventServerStart: true });
    const queue = makeQueue();
    using _ = instrument(queue, { meterProvider: new MeterProvider({ readers: [reader] }), tracerProvider: false });
    await caught(queue.run(failing, { message: 'no', code: 'ENO' }, { maxAttempts: 1 }));
    exported = new PrometheusSerializer().serialize((await reader.collect()).resourceMetrics);
    await reader.shutdown();
  });

  it("is one by Grafana's own schema", () => {
    expect(complaints(dashboard)).toBe('');
  });

  it('would not be with a wrong place, an option that is none, or a misspelt query', () => {
    const wrong = structuredClone(dashboard);
    wrong.panels[0].gridPos.x = 'left';
    wrong.panels[0].options.colorMode = 'valu';
    wrong.panels.find(({ type }: Panel) => type === 'timeseries').targets[0].expression = 'up';
    const found = complaints(wrong);
    for (const what of ["'string' is not assignable to type 'number'", '"valu"', 'expression']) expect(found).toContain(what);
  });

  it('has panels that do not cover each other, within the width', () => {
    const taken = new Set<string>();
    for (const {
      title,
      gridPos: { x, y, w, h },
    } of panels) {
      expect(x + w, title).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect(taken.has(`${column} ${row}`), title).toBe(false);
          taken.add(`${column} ${row}`);
        }
      }
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it('asks for metrics that are exported, under the names of either exporter', () => {
    const series = new Set([...exported.matchAll(/^(\w+)\{/gm)].map(([, name]) => name as string));
    for (const query of queries) {
      const patterns = [...query.matchAll(/__name__=~"([^"]+)"/g)].map(([, pattern]) => pattern as string);
      const names = [...query.matchAll(/\b((?:threadmill|messaging)_\w+)\{/g)].map(([, name]) => name as string);
      expect(patterns.length + names.length, query).toBeGreaterThan(0);
      for (const name of names) expect(series, query).toContain(name);
      for (const pattern of patterns)
        expect(
          [...series].some((name) => new RegExp(`^(?:${pattern})$`).test(name)),
          query,
        ).toBe(true);
    }
    const asked = queries.join(' ');
    for (const name of [...exported.matchAll(/^# TYPE ((?:threadmill|messaging)_\w+) /gm)].map(([, name]) => name as string))
      expect(asked, 'a metric that no panel shows').toContain(name);
  });

  it('selects and groups by labels and values that they have', () => {
    const labels = new Set([...exported.matchAll(/[{,](\w+)="/g)].map(([, label]) => label as string));
    for (const query of queries) {
      const used = [...query.matchAll(/(?:[{,]\s*)(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label as string);
      const grouped = [...query.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list]) => (list as string).split(/,\s*/));
      for (const label of [...used, ...grouped]) if (label !== '__name__') expect(labels, query).toContain(label);
      for (const [, label, value] of query.matchAll(/(threadmill_\w+)="(\w+)"/g)) expect(exported, query).toContain(`${label}="${value}"`);
    }
  });

  it('uses variables that it has', () => {
    const known = new Set(templating.list.map(({ name }) => name));
    const builtIn = new Set(['__rate_interval', '__all']);
    for (const [, braced, plain] of text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
      const name = (braced ?? plain) as string;
      if (!builtIn.has(name)) expect(known).toContain(name);
    }
    const parens = (query: string) => [...query].reduce((open, char) => open + (char === '(' ? 1 : char === ')' ? -1 : 0), 0);
    for (const query of queries) expect(parens(query), query).toBe(0);
  });
});

import { readFileSync } from 'node:fs';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { instrument } from 'threadmill/opentelemetry';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { caught, makeQueue } from '../helpers.js';
import { failing } from './fixtures/traced.job.js';

const text = readFileSync(new URL('../../examples/telemetry/dashboard.json', import.meta.url), 'utf8');

// What Grafana requires of a dashboard: its own schema, kinds/dashboard/dashboard_kind.cue, as far as this one uses it.
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.string().regex(/^\$\{datasource\}$/) });
const legend = z.string();
const target = z.strictObject({ refId: z.string().regex(/^[A-Z]$/), expr: z.string().min(1), legendFormat: legend, datasource });
const panel = z.strictObject({
  id: z.int().min(1),
  type: z.enum(['timeseries', 'stat']),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource,
  gridPos: z.strictObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) }),
  fieldConfig: z.strictObject({
    defaults: z.looseObject({ unit: z.enum(['s', 'short', 'ops', 'percentunit']), min: z.literal(0) }),
    overrides: z.tuple([]),
  }),
  options: z.looseObject({}),
  targets: z.array(target).min(1),
});
const variable = z.looseObject({
  name: z.string().regex(/^\w+$/),
  label: z.string(),
  type: z.enum(['datasource', 'query']),
  current: z.looseObject({}),
});
const dashboard = z.strictObject({
  title: z.string().min(1),
  uid: z.string().regex(/^[\w-]{1,40}$/),
  tags: z.array(z.string()),
  schemaVersion: z.int().min(36),
  version: z.int(),
  editable: z.boolean(),
  graphTooltip: z.union([z.literal(0), z.literal(1), z.literal(2)]),
  refresh: z.string(),
  timezone: z.string(),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  annotations: z.strictObject({ list: z.array(z.unknown()) }),
  links: z.array(z.unknown()),
  templating: z.strictObject({ list: z.array(variable) }),
  panels: z.array(panel).min(1),
});

describe("the guide's dashboard", () => {
  const { panels, templating } = dashboard.parse(JSON.parse(text));
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

import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { instrument } from 'threadmill/opentelemetry';
import { afterEach, expect, test } from 'vitest';
import { caught, makeGate, makeQueue, until } from '../helpers.js';
import { failing, flaky, hold, stuck } from './fixtures/traced.job.js';

const exporters: PrometheusExporter[] = [];
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.shutdown()));
  metrics.disable();
});

function startMeter() {
  const reader = new PrometheusExporter({ preventServerStart: true });
  exporters.push(reader);
  return { provider: new MeterProvider({ readers: [reader] }), text: async () => textOf(reader) };
}

async function textOf(reader: PrometheusExporter): Promise<string> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  return new PrometheusSerializer().serialize(resourceMetrics);
}

/** The value of a metric in Prometheus' text, of the series with these labels. */
function metric(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text.split('\n').find((one) => new RegExp(`^${name}[{ ]`).test(one) && wanted.every((label) => one.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf('}') + 1));
}

test("Prometheus' text has every metric under its name, of its type and in its unit", async () => {
  const { provider, text } = startMeter();
  const queue = makeQueue({ name: 'renders' });
  using _ = instrument(queue, { meterProvider: provider, tracerProvider: false });
  await queue.run(flaky, 0);
  const found = await text();
  const types = [...found.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(types.filter((line) => !line.startsWith('target_info') && !line.startsWith('otel_')).sort()).toEqual([
    'messaging_process_duration histogram',
    'threadmill_job_events_total counter',
    'threadmill_job_oldest_waiting gauge',
    'threadmill_job_wait_duration histogram',
    'threadmill_jobs gauge',
    'threadmill_thread_kills_total counter',
    'threadmill_thread_utilization gauge',
    'threadmill_threads gauge',
  ]);
  for (const name of ['messaging_process_duration', 'threadmill_job_wait_duration', 'threadmill_job_oldest_waiting'])
    expect(found).toMatch(new RegExp(`^# UNIT ${name} s$`, 'm'));
  expect(found).toMatch(/^# HELP messaging_process_duration Run time of attempts\.$/m);
  const labels = { messaging_system: 'threadmill', messaging_destination_name: 'renders', threadmill_job_name: 'flaky' };
  expect(metric(found, 'threadmill_jobs', { ...labels, threadmill_job_state: 'completed' })).toBe(1);
});

test('histograms are in seconds, with buckets for jobs from a tenth of a millisecond to their limit', async () => {
  const { provider, text } = startMeter();
  const queue = makeQueue();
  using _ = instrument(queue, { meterProvider: provider, tracerProvider: false });
  const job = await queue.add(flaky, 2);
  await job.result();
  await caught(queue.run(stuck, null));
  const found = await text();
  const ran = job.attempts.reduce((sum, { duration }) => sum + duration, 0) / 1_000;
  const failed = { threadmill_job_name: 'flaky', error_type: 'RangeError' };
  const sums = [...found.matchAll(/^messaging_process_duration_sum\{.*"flaky".*\} (\S+)$/gm)].map(([, sum]) => Number(sum));
  expect(sums).toHaveLength(2);
  expect(sums.reduce((all, sum) => all + sum)).toBeCloseTo(ran, 6);
  expect(metric(found, 'messaging_process_duration_count', failed)).toBe(2);
  const killed = { threadmill_job_name: 'stuck', error_type: 'ERR_TIMEOUT' };
  expect(metric(found, 'messaging_process_duration_bucket', { ...killed, le: '0.05' })).toBe(0);
  expect(metric(found, 'messaging_process_duration_bucket', { ...killed, le: '30' })).toBe(1);
  expect(metric(found, 'threadmill_job_wait_duration_count', { threadmill_job_name: 'flaky' })).toBe(3);
  expect([...found.matchAll(/^threadmill_job_wait_duration_bucket\{.*"flaky".*le="([^"]+)"\}/gm)].map(([, le]) => le)).toEqual(
    '0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 +Inf'.split(' '),
  );
});

test('counters and gauges say what stats() says', async () => {
  const { provider, text } = startMeter();
  const queue = makeQueue();
  using _ = instrument(queue, { meterProvider: provider, tracerProvider: false });
  const gate = makeGate();
  const holding = queue.run(hold, gate.memory);
  await until(() => gate.arrivals === 1);
  const waiting = queue.run(flaky, 0);
  await queue.add(flaky, 0, { delay: 60_000 });
  await until(() => queue.stats().oldestWaiting > 20);
  const before = queue.stats().oldestWaiting;
  const found = await text();
  const state = (name: string, state: string) =>
    metric(found, 'threadmill_jobs', { threadmill_job_name: name, threadmill_job_state: state });
  expect([state('hold', 'active'), state('flaky', 'waiting'), state('flaky', 'delayed'), state('flaky', 'failed')]).toEqual([1, 1, 1, 0]);
  expect(metric(found, 'threadmill_threads', { threadmill_thread_state: 'busy' })).toBe(1);
  expect(metric(found, 'threadmill_threads', { threadmill_thread_state: 'idle' })).toBe(0);
  expect(metric(found, 'threadmill_job_oldest_waiting')).toBeGreaterThanOrEqual(before / 1_000);
  expect(metric(found, 'threadmill_job_oldest_waiting')).toBeLessThan(60);
  gate.open();
  await Promise.all([holding, waiting]);
  await caught(queue.run(stuck, null));
  const after = await text();
  const event = (name: string, event: string) =>
    metric(after, 'threadmill_job_events_total', { threadmill_job_name: name, threadmill_job_event: event });
  expect([event('flaky', 'added'), event('flaky', 'completed'), event('stuck', 'timed_out'), event('stuck', 'failed')]).toEqual([
    2, 1, 1, 1,
  ]);
  expect(metric(after, 'threadmill_thread_kills_total')).toBe(1);
  const share = metric(after, 'threadmill_thread_utilization') as number;
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThanOrEqual(1);
});

test('kinds of failure are bounded: thousands of codes are one', async () => {
  const { provider, text } = startMeter();
  const queue = makeQueue();
  using _ = instrument(queue, { meterProvider: provider, tracerProvider: false });
  const jobs = Array.from({ length: 200 }, (_, n) => caught(queue.run(failing, { message: 'no', code: `E${n}` })));
  await Promise.all(jobs);
  const found = await text();
  const types = new Set([...found.matchAll(/^messaging_process_duration_count\{.*error_type="([^"]+)"/gm)].map(([, type]) => type));
  expect(types.size).toBeLessThanOrEqual(51);
  expect(metric(found, 'messaging_process_duration_count', { error_type: '_OTHER' })).toBeGreaterThanOrEqual(149);
});

test('disposed of, a queue is no longer collected', async () => {
  const { provider, text } = startMeter();
  const queue = makeQueue();
  const instrumentation = instrument(queue, { meterProvider: provider, tracerProvider: false });
  await queue.run(flaky, 0);
  instrumentation[Symbol.dispose]();
  await queue.run(flaky, 0);
  const found = await text();
  expect(metric(found, 'threadmill_job_events_total')).toBeUndefined();
  expect(metric(found, 'messaging_process_duration_count')).toBe(1);
});

test('metrics go to the provider that is registered', async () => {
  const { provider, text } = startMeter();
  metrics.setGlobalMeterProvider(provider);
  const queue = makeQueue();
  using _ = instrument(queue);
  await queue.run(flaky, 0);
  expect(metric(await text(), 'messaging_process_duration_count')).toBe(1);
});

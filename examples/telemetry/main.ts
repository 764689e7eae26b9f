import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import { metrics, trace } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { JobQueue } from 'threadmill';
import { instrument } from 'threadmill/opentelemetry';
import { hang, render } from './render.job.js';
import { type Told, told, tree } from './told.js';

// The SDK of the main thread, as in any program; here the spans stay in memory and nothing listens on a port.
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const prometheus = new PrometheusExporter({ preventServerStart: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [prometheus] }));
const inThreads: Told[] = [];
const channel = new BroadcastChannel('spans');
channel.onmessage = (event) => inThreads.push((event as { data: Told }).data);

// The queue, with an SDK in each of its threads.
const queue = new JobQueue({
  name: 'documents',
  threads: 2,
  logger: false,
  worker: { execArgv: ['--import', new URL('./thread.js', import.meta.url).href] },
});
const instrumentation = instrument(queue);

// Two requests: one renders, the other waits for what never ends.
const tracer = trace.getTracer('server');
await tracer.startActiveSpan('POST /documents', async (span) => {
  await queue.run(render, { pages: 5 });
  span.end();
});
await tracer.startActiveSpan('POST /hang', async (span) => {
  await queue.run(hang, {}).catch(() => {});
  span.end();
});
while (inThreads.length === 0) await sleep(10);

const spans = [...exporter.getFinishedSpans().map(told), ...inThreads];
console.log(tree(spans).join('\n'));

const { resourceMetrics } = await prometheus.collect();
const text = new PrometheusSerializer().serialize(resourceMetrics);
const lines = text.split('\n').filter((line) => /^threadmill_(threads|thread_kills_total|job_events_total)\{.* [1-9]/.test(line));
console.log(lines.map((line) => line.replace(/(messaging|otel)_\w+="[^"]*",?/g, '').replace(',}', '}')).join('\n'));

// A span of the handler is in the trace of the request, below its attempt.
assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 2);
assert.equal(spans.find(({ spanId }) => spanId === inThreads[0]?.parent)?.name, 'process documents');
assert.match(text, /threadmill_thread_kills_total\{.*\} 1/);

await queue.close();
instrumentation[Symbol.dispose]();
channel.close();

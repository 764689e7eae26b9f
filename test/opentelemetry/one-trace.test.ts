import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BroadcastChannel } from 'node:worker_threads';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { instrument } from 'threadmill/opentelemetry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeQueue, until } from '../helpers.js';
import { traced } from './fixtures/traced.job.js';
import { startSdk, stopSdk } from './sdk.js';

interface Told {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
}

let sdk: ReturnType<typeof startSdk>;
let server: Server;
let channel: BroadcastChannel;
const inThreads: Told[] = [];

beforeEach(() => {
  sdk = startSdk();
  inThreads.length = 0;
  channel = new BroadcastChannel('spans of threads');
  channel.onmessage = ({ data }: any) => void inThreads.push(data);
});
afterEach(() => {
  server?.close();
  channel.close();
  stopSdk();
});

const THREAD_SDK = new URL('./fixtures/thread-sdk.js', import.meta.url).href;

/** A server that does what an instrumented one does: it takes the trace from the headers, and makes a span for the request. */
async function serve(work: (text: string) => Promise<unknown>): Promise<string> {
  server = createServer((request, response) => {
    const incoming = propagation.extract(context.active(), request.headers);
    const span = sdk.tracer.startSpan('GET /render', { kind: SpanKind.SERVER }, incoming);
    void context.with(trace.setSpan(incoming, span), async () => {
      const output = await work(new URL(request.url ?? '', 'http://localhost').pathname);
      span.end();
      response.end(JSON.stringify(output));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an HTTP request, its job, its run and a span inside the thread are one trace', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  instrument(queue, { meterProvider: false });
  const address = await serve((text) => queue.run(traced, text));
  const traceId = 'c0ffee'.padEnd(32, '0');
  const headers = { traceparent: `00-${traceId}-${'ab'.repeat(8)}-01`, baggage: 'tenant=acme' };
  const response = await fetch(`${address}/page`, { headers });
  expect(await response.json()).toEqual({ text: '/page', traceId, tenant: 'acme' });
  await until(() => inThreads.length > 0 && sdk.exporter.getFinishedSpans().length >= 3);
  const spans: Told[] = [
    ...sdk.exporter
      .getFinishedSpans()
      .map((span) => ({ name: span.name, ...span.spanContext(), parentSpanId: span.parentSpanContext?.spanId })),
    ...inThreads,
  ];
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  const named = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name ?? 'the client';
  expect(spans.map(({ name, parentSpanId }) => `${named(parentSpanId)} > ${name}`).sort()).toEqual([
    'GET /render > send default',
    'send default > process default',
    'send default > render',
    'the client > GET /render',
  ]);
});

test('a job that is in no trace begins one, which its handler is in', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  instrument(queue, { meterProvider: false });
  const { traceId } = await queue.run(traced, 'text');
  expect(traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(sdk.exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual([traceId, traceId]);
});

test('jobs of many traces in one batch each have their own, and a job without one has none', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  const plain = queue.run(traced, 'before');
  const instrumentation = instrument(queue, { meterProvider: false });
  const roots = Array.from({ length: 50 }, () => sdk.tracer.startSpan('root'));
  const runs = roots.map((root) => context.with(trace.setSpan(context.active(), root), () => queue.run(traced, 'text')));
  instrumentation[Symbol.dispose]();
  const outputs = await Promise.all(runs);
  expect(outputs.map(({ traceId }) => traceId)).toEqual(roots.map((root) => root.spanContext().traceId));
  expect(roots.map((root) => root.spanContext().traceId)).not.toContain((await plain).traceId);
});

test('a retry is in the same trace', async () => {
  const { again } = await import('./fixtures/again.job.js');
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  instrument(queue, { meterProvider: false });
  const root = sdk.tracer.startSpan('root');
  const seen = await context.with(trace.setSpan(context.active(), root), () => queue.run(again, null, { maxAttempts: 3 }));
  expect(seen).toEqual(Array(3).fill(root.spanContext().traceId));
});

test('without an SDK in the thread its API is not even loaded', async () => {
  const { looks } = await import('./fixtures/again.job.js');
  const queue = makeQueue();
  instrument(queue, { meterProvider: false });
  expect(await queue.run(looks, null)).toEqual({ registered: false, loaded: [] });
  expect(sdk.exporter.getFinishedSpans()).toHaveLength(2);
});

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
    'process default > render',
    'send default > process default',
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

/** The spans of `name` in threads, and of attempts here: the ids of their parents, and their own. */
const parentsOf = (name: string) => inThreads.filter((span) => span.name === name).map(({ parentSpanId }) => parentSpanId);
const attempts = () => sdk.exporter.getFinishedSpans().filter(({ name }) => name.startsWith('process'));
const idsOfAttempts = () => attempts().map((span) => span.spanContext().spanId);

test('what a handler does is a child of its attempt: of each retry, of each life of a dead letter, and of a killed one', async () => {
  const { tries, spins } = await import('./fixtures/again.job.js');
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  instrument(queue, { meterProvider: false });
  const job = await queue.add(tries, { failures: 3 });
  await job.result().catch(() => {});
  await (await queue.deadLetters.replay(job.id, { input: { failures: 1 } })).result();
  await until(() => inThreads.length === 5);
  expect(new Set(idsOfAttempts()).size).toBe(5);
  expect(parentsOf('try')).toEqual(idsOfAttempts());
  const killed = await queue.add(spins, null);
  await killed.result().catch(() => {});
  await until(() => inThreads.length === 6);
  expect(attempts().at(-1)?.attributes['error.type']).toBe('ERR_TIMEOUT');
  expect(parentsOf('spin')).toEqual(idsOfAttempts().slice(-1));
});

test.each([
  ['frozen', Object.freeze],
  ['a copy', (own: object) => ({ ...own })],
])(
  'where the id of a span cannot be set, for its context is %s, what a handler does is a child of where its job was added',
  async (_, given) => {
    const tracer = sdk.provider.getTracer('copies');
    const copies = {
      getTracer: () => ({
        startSpan: (...args: Parameters<typeof tracer.startSpan>) => {
          const span = tracer.startSpan(...args);
          const own = span.spanContext();
          return Object.assign(Object.create(span), { spanContext: () => given({ ...own }) });
        },
      }),
    };
    const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
    instrument(queue, { meterProvider: false, tracerProvider: copies as never });
    await queue.run(traced, 'text');
    await until(() => inThreads.length > 0);
    const [send, run] = sdk.exporter.getFinishedSpans();
    expect(parentsOf('render')).toEqual([send?.spanContext().spanId]);
    expect(run?.parentSpanContext?.spanId).toBe(send?.spanContext().spanId);
  },
);

test('a trace is carried as the program carries it: by a propagator of its own too', async () => {
  const { OwnPropagator } = await import('./fixtures/own-propagator.js');
  propagation.disable();
  propagation.setGlobalPropagator(new OwnPropagator());
  const file = new URL('./fixtures/own-propagator.js', import.meta.url).href;
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK, '--import', file] } });
  instrument(queue, { meterProvider: false });
  const root = sdk.tracer.startSpan('root');
  const output = await context.with(trace.setSpan(context.active(), root), () => queue.run(traced, 'text'));
  expect(output.traceId).toBe(root.spanContext().traceId);
  await until(() => inThreads.length > 0);
  expect(parentsOf('render')).toEqual(idsOfAttempts());
});

test('two who make spans of one queue have each their own', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--import', THREAD_SDK] } });
  const tracer = sdk.provider.getTracer('other');
  const startSpan = (name: string, ...rest: any[]) => (tracer.startSpan as any)(`other ${name}`, ...rest);
  instrument(queue, { meterProvider: false, tracerProvider: { getTracer: () => ({ startSpan }) } as never });
  instrument(queue, { meterProvider: false });
  await queue.run(traced, 'text');
  const spans = sdk.exporter.getFinishedSpans();
  const named = (id: string | undefined) => spans.find((span) => span.spanContext().spanId === id)?.name;
  expect(spans.map((span) => `${named(span.parentSpanContext?.spanId)} > ${span.name}`).sort()).toEqual([
    'other send default > other process default',
    'send default > process default',
    'undefined > other send default',
    'undefined > send default',
  ]);
});

test('without an SDK in the thread its API is not even loaded', async () => {
  const { looks } = await import('./fixtures/again.job.js');
  const queue = makeQueue();
  instrument(queue, { meterProvider: false });
  expect(await queue.run(looks, null)).toEqual({ registered: false, loaded: [] });
  expect(sdk.exporter.getFinishedSpans()).toHaveLength(2);
});

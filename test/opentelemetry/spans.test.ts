import { type Attributes, SamplingDecision, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { JobQueue } from 'threadmill';
import { instrument } from 'threadmill/opentelemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { observe } from '../../dist/internals.js';
import { bomb, patient } from '../fixtures/bomb.job.js';
import { caught, isCollected, makeQueue, next } from '../helpers.js';
import { failing, flaky, stuck, traced } from './fixtures/traced.job.js';
import { startSdk, stopSdk, timesOf } from './sdk.js';

let sdk: ReturnType<typeof startSdk>;
let queue: JobQueue;

beforeEach(() => {
  sdk = startSdk();
});
afterEach(stopSdk);

function spans(exporter: InMemorySpanExporter = sdk.exporter) {
  const all = exporter.getFinishedSpans();
  return { all, sent: all.filter(({ name }) => name.startsWith('send')), processed: all.filter(({ name }) => name.startsWith('process')) };
}

const idOf = (span: ReadableSpan) => span.spanContext().spanId;
const traceOf = (span: ReadableSpan) => span.spanContext().traceId;

describe('a job', () => {
  beforeEach(() => {
    queue = makeQueue({ name: 'renders' });
    instrument(queue, { meterProvider: false });
  });

  it('has a span where it was added and one where it ran, after the conventions', async () => {
    const job = await queue.add(flaky, 0);
    await job.result();
    const { sent, processed } = spans();
    const common = { 'messaging.system': 'threadmill', 'messaging.destination.name': 'renders', 'messaging.message.id': job.id };
    expect(sent).toMatchObject([
      {
        name: 'send renders',
        kind: SpanKind.PRODUCER,
        status: { code: SpanStatusCode.UNSET },
        attributes: { ...common, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send', 'threadmill.job.name': 'flaky' },
      },
    ]);
    expect(processed).toMatchObject([
      {
        name: 'process renders',
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          ...common,
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'threadmill.job.name': 'flaky',
          'threadmill.job.attempt': 1,
          'threadmill.job.outcome': 'completed',
          'thread.id': job.attempts[0]?.threadId,
        },
      },
    ]);
    expect(processed[0]?.attributes).not.toHaveProperty('error.type');
    expect(sent[0]?.instrumentationScope).toMatchObject({ name: 'threadmill', version: expect.stringMatching(/^\d/) });
  });

  it('is in the trace of whoever added it, and its run is linked to where it was added', async () => {
    const request = sdk.tracer.startSpan('request');
    const parent = request.spanContext();
    const { context, trace } = await import('@opentelemetry/api');
    await context.with(trace.setSpan(context.active(), request), () => queue.run(flaky, 0));
    const [send] = spans().sent as [ReadableSpan];
    const [run] = spans().processed as [ReadableSpan];
    expect([traceOf(send), traceOf(run)]).toEqual([parent.traceId, parent.traceId]);
    expect(send.parentSpanContext?.spanId).toBe(parent.spanId);
    expect(run.parentSpanContext?.spanId).toBe(idOf(send));
    expect(run.links.map(({ context: { spanId } }) => spanId)).toEqual([idOf(send)]);
  });

  it('has a span for each attempt, which begins and ends when its handler did', async () => {
    const job = await queue.add(flaky, 2);
    await job.result();
    const { processed, sent } = spans();
    expect(processed.map(({ attributes }) => [attributes['threadmill.job.attempt'], attributes['error.type']])).toEqual([
      [1, 'RangeError'],
      [2, 'RangeError'],
      [3, undefined],
    ]);
    for (const [at, span] of processed.entries()) {
      const { startedAt, duration } = job.attempts[at] as { startedAt: number; duration: number };
      const times = timesOf(span);
      // Attempts say it in whole milliseconds.
      expect(Math.floor(times.start + 1e-3)).toBe(startedAt);
      expect(times.duration).toBeCloseTo(duration, 3);
      expect(traceOf(span)).toBe(traceOf(sent[0] as ReadableSpan));
      if (at > 0) expect(times.start).toBeGreaterThanOrEqual(timesOf(processed[at - 1] as ReadableSpan).end);
    }
    expect(processed[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'attempt 1' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'attempt 1' } }],
    });
  });

  it('whose thread was killed ends with where it was stuck', async () => {
    const error = await caught(queue.run(stuck, null));
    const [span] = spans().processed as [ReadableSpan];
    expect(span.attributes).toMatchObject({ 'error.type': 'ERR_TIMEOUT', 'threadmill.job.outcome': 'timed-out' });
    expect(timesOf(span).duration).toBeGreaterThanOrEqual(60);
    const place = span.events.find(({ name }) => name === 'threadmill.post_mortem');
    expect(place?.attributes).toMatchObject({
      'threadmill.post_mortem.kind': 'cpu',
      'code.function.name': 'spin',
      'code.file.path': expect.stringMatching(/traced\.job\.js$/),
      'code.line.number': error.postMortem.stack[0].line,
      'code.stacktrace': expect.stringMatching(/at spin .*\n.*at run/),
    });
    expect(place?.time).toEqual(span.endTime);
  });

  it('says how long its attempt had a CPU, where that is known', async () => {
    const job = await queue.add(stuck, null);
    await caught(job.result());
    const { cpuTime } = job.attempts[0] as { cpuTime?: number };
    const [span] = spans().processed as [ReadableSpan];
    expect(span.attributes['threadmill.job.cpu_time']).toBe(cpuTime === undefined ? undefined : cpuTime / 1_000);
  });

  it('that a listener adds is in the trace which the listener is in', async () => {
    const { context, trace } = await import('@opentelemetry/api');
    const request = sdk.tracer.startSpan('request');
    const second = new Promise((resolve) => {
      queue.once('completed', () => {
        context.with(trace.setSpan(context.active(), request), () => queue.run(flaky, 0)).then(resolve);
      });
    });
    await queue.run(flaky, 0);
    await second;
    const [, send] = spans().sent as [ReadableSpan, ReadableSpan];
    expect(traceOf(send)).toBe(request.spanContext().traceId);
  });

  it('that is cancelled while it waits has no run', async () => {
    const job = await queue.add(flaky, 0, { delay: 60_000 });
    job.cancel();
    expect(spans().all.map(({ name }) => name)).toEqual(['send renders']);
  });

  it('that somebody adds again has a span for that, linked to the first', async () => {
    const first = await queue.add(flaky, 0, { idempotencyKey: 'one' });
    await queue.add(flaky, 0, { idempotencyKey: 'one' });
    await first.result();
    const { sent, processed } = spans();
    expect(sent.map(({ attributes }) => attributes['threadmill.job.deduplicated'])).toEqual([undefined, true]);
    expect(sent[1]?.links.map(({ context: { spanId } }) => spanId)).toEqual([idOf(sent[0] as ReadableSpan)]);
    expect(processed).toHaveLength(1);
  });

  it('that lives again as a dead letter is still in its trace, and no attempt is told twice', async () => {
    await caught((await queue.add(failing, { message: 'no' })).result());
    const { id } = queue.deadLetters.list()[0] as { id: string };
    const again = await queue.deadLetters.replay(id);
    await caught(again.result());
    const { sent, processed } = spans();
    expect(processed.map(traceOf)).toEqual([traceOf(sent[0] as ReadableSpan), traceOf(sent[0] as ReadableSpan)]);
  });

  it('whose thread died because of another has its interrupted run told with the next', async () => {
    const memory = new SharedArrayBuffer(4);
    await queue.run(bomb, memory);
    const job = await queue.add(patient, memory);
    await job.result();
    const told = spans().processed.filter(({ attributes }) => attributes['messaging.message.id'] === job.id);
    expect(told.map(({ attributes }) => [attributes['threadmill.job.attempt'], attributes['threadmill.job.outcome']])).toEqual([
      [1, 'interrupted'],
      [1, 'completed'],
    ]);
    expect(told[0]?.attributes['error.type']).toBe('ERR_CRASH');
  });
});

it.each([
  [{ message: 'no file', code: 'ENOENT' }, 'ENOENT'],
  [{ message: 'no code' }, 'Error'],
  [{ message: 'a code that is a sentence', code: 'not found: user 17' }, 'Error'],
  [{ thrown: null }, '_OTHER'],
  [{ thrown: 'a text' }, '_OTHER'],
])('error.type says what kind of failure it was, and is never a message: %o', async (input, type) => {
  queue = makeQueue();
  instrument(queue, { meterProvider: false });
  await caught(queue.run(failing, input, { maxAttempts: 1 }));
  expect(spans().processed[0]?.attributes['error.type']).toBe(type);
});

it('disposed of, it makes no more spans, and the queue holds nothing of it', async () => {
  queue = makeQueue();
  const own = new WeakRef(Object.create(sdk.provider.getTracer('its own')));
  const instrumented = () => instrument(queue, { tracerProvider: { getTracer: () => own.deref() } });
  instrumented()[Symbol.dispose]();
  await queue.run(flaky, 0);
  expect(spans().all).toEqual([]);
  expect(await isCollected(own)).toBe(true);
});

it('spans go to the provider that is given', async () => {
  const own = startOwn();
  queue = makeQueue();
  instrument(queue, { tracerProvider: own.provider });
  await queue.run(flaky, 0);
  expect(spans(own.exporter).all).toHaveLength(2);
  expect(spans().all).toEqual([]);
});

it('what is not sampled costs no span, and the handler is told so', async () => {
  queue = makeQueue({ worker: { execArgv: ['--import', new URL('./fixtures/thread-sdk.js', import.meta.url).href] } });
  instrument(queue);
  const { context, trace } = await import('@opentelemetry/api');
  const unsampled = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.NONE, isRemote: true };
  const { traceId } = await context.with(trace.setSpanContext(context.active(), unsampled), () => queue.run(traced, 'text'));
  expect(traceId).toBe(unsampled.traceId);
  expect(spans().all).toEqual([]);
});

it('of a trace that is not sampled the sampler is asked once more, of a failure: it may keep that', async () => {
  const asked: string[] = [];
  const sampler = {
    shouldSample: (_context: unknown, _traceId: string, name: string, _kind: unknown, attributes: Attributes) => {
      asked.push(name);
      const keeps = attributes['threadmill.job.outcome'] === 'failed';
      return { decision: keeps ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    },
  };
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  queue = makeQueue({ name: 'few' });
  instrument(queue, { tracerProvider: provider });
  await queue.run(flaky, 0);
  expect(asked).toEqual(['send few']);
  await caught(queue.run(failing, { message: 'no' }));
  expect(asked).toEqual(['send few', 'send few', 'process few']);
  expect(spans(exporter).all.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([['process few', 'Error']]);
});

it('an SDK that is registered later makes spans from then on', async () => {
  stopSdk();
  queue = makeQueue();
  instrument(queue);
  await queue.run(flaky, 0);
  sdk = startSdk();
  await queue.run(flaky, 0);
  expect(spans().all.map(({ name }) => name)).toEqual(['send default', 'process default']);
});

it('what tracing is suppressed for has no span and no trace', async () => {
  const { context } = await import('@opentelemetry/api');
  queue = makeQueue({ worker: { execArgv: ['--import', new URL('./fixtures/thread-sdk.js', import.meta.url).href] } });
  instrument(queue);
  const { traceId } = await context.with(suppressTracing(context.active()), () => queue.run(traced, 'text'));
  expect(traceId).toMatch(/^[1-9a-f0-9]{32}$/);
  expect(spans().all.map((span) => span.spanContext().traceId)).not.toContain(traceId);
  expect(spans().sent).toEqual([]);
});

it('an option that is not known is refused', () => {
  queue = makeQueue();
  expect(() => instrument(queue, { traceProvider: false } as never)).toThrow('instrument: unknown option "traceProvider"');
});

it('without an SDK nothing is carried and nothing breaks', async () => {
  stopSdk();
  queue = makeQueue();
  instrument(queue);
  const added = next(queue, 'added');
  expect(await queue.run(traced, 'text')).toEqual({ text: 'text' });
  expect((await added)[0].name).toBe('traced');
});

it('without an SDK no handle is made of a job', async () => {
  stopSdk();
  queue = makeQueue();
  instrument(queue);
  const handles: unknown[] = [];
  observe(queue, 'completed', { told: (record) => void handles.push(record.handle), isWanted: () => true });
  await queue.run(flaky, 0);
  expect(handles).toEqual([undefined]);
});

function startOwn() {
  stopSdk();
  const own = startSdk();
  stopSdk();
  sdk = startSdk();
  return own;
}

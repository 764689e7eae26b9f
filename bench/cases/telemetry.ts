import { context, type HrTime, propagation, ROOT_CONTEXT, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { type InstrumentOptions, instrument } from 'threadmill/opentelemetry';
import { definitions } from '../jobs/definitions.js';
import type { WorkInput, WorkName } from '../jobs/work.js';
import { closedLoop } from '../loops.js';
import type { Contender } from '../peers/peer.js';
import { openQueue, threadmill } from '../peers/threadmill.js';
import type { Case } from '../result.js';
import { throughput } from '../throughput.js';

/**
 * What a job costs that does nothing, with telemetry, and beside it what the SDK takes for the same two spans and two records made by
 * hand. The SDK's context manager is there for all, as in a program that has the SDK.
 */
export const telemetry: Case = async ({ quick, rounds }) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const few = () => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) });
  const tracerProvider = false;
  const meterProvider = false;
  const some = [
    threadmill,
    instrumented('metrics', { tracerProvider, meterProvider: meters() }),
    byHand('records by hand', undefined, meters()),
    instrumented('1 of 100 traced', { tracerProvider: tracers(few()), meterProvider }),
    byHand('1 of 100 traced by hand', tracers(few()), undefined),
  ];
  const all = [
    threadmill,
    instrumented('traces', { tracerProvider: tracers(), meterProvider }),
    byHand('spans by hand', tracers(), undefined),
    instrumented('metrics and traces', { tracerProvider: tracers(), meterProvider: meters() }),
    byHand('spans and records by hand', tracers(), meters()),
  ];
  const jobs = quick ? 10_000 : 30_000;
  const shared = { work: 'noop', input: (n: number) => ({ n }), load: closedLoop, rounds, jobs } as const;
  // A hundredth counts here.
  const exact = { ...shared, jobs: 6 * jobs, rounds: 4 * rounds };
  return [
    await throughput({ ...exact, name: 'no-op, instrumented without an SDK', contenders: [threadmill, instrumented('no SDK', {})] }),
    await throughput({ ...shared, name: 'no-op with telemetry, closed loop of 256', contenders: some }),
    await throughput({ ...shared, name: 'no-op, every job traced, closed loop of 256', contenders: all }),
  ];
};

function instrumented(name: string, options: InstrumentOptions): Contender {
  return {
    name: `threadmill, ${name}`,
    kind: 'threadmill',
    async open(threads) {
      const queue = await openQueue({ threads });
      const instrumentation = instrument(queue, options);
      return {
        run: <Name extends WorkName>(job: Name, input: WorkInput<Name>) => queue.run<any, any, any>(definitions[job], input),
        close: () => {
          instrumentation[Symbol.dispose]();
          return queue.close();
        },
      };
    },
  };
}

/** The floor: the caller makes the same spans and records with the same attributes, and nothing else. */
function byHand(name: string, tracerProvider: BasicTracerProvider | undefined, meterProvider: MeterProvider | undefined): Contender {
  return {
    name: `threadmill, ${name}`,
    kind: 'bound',
    async open(threads) {
      const queue = await openQueue({ threads });
      const spans = tracerProvider && spansByHand(tracerProvider.getTracer('bench'));
      const record = meterProvider && recordsByHand(meterProvider);
      let jobs = 0;
      const run = async <Name extends WorkName>(job: Name, input: WorkInput<Name>) => {
        const process = spans?.(String(jobs++));
        const output = await queue.run<any, any, any>(definitions[job], input);
        process?.();
        record?.();
        return output;
      };
      return { run, close: () => queue.close() };
    },
  };
}

const COMMON = { 'messaging.system': 'threadmill', 'messaging.destination.name': 'default' };

/** Makes the first span; what it gives makes the second. */
function spansByHand(tracer: Tracer) {
  return (id: string) => {
    const of = { ...COMMON, 'messaging.message.id': id, 'threadmill.job.name': 'noop' };
    const send = tracer.startSpan('send default', {
      kind: SpanKind.PRODUCER,
      attributes: { ...of, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' },
    });
    send.end();
    const parent = send.spanContext();
    return () => {
      const now: HrTime = [Math.floor(Date.now() / 1_000), 0];
      const attributes = {
        ...of,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'threadmill.job.attempt': 1,
        'threadmill.job.outcome': 'completed',
        'thread.id': 1,
      };
      const options = { kind: SpanKind.CONSUMER, startTime: now, links: [{ context: parent }], attributes };
      tracer.startSpan('process default', options, trace.setSpanContext(ROOT_CONTEXT, parent)).end(now);
    };
  };
}

function recordsByHand(provider: MeterProvider) {
  const meter = provider.getMeter('bench');
  const ran = meter.createHistogram('ran');
  const waited = meter.createHistogram('waited');
  const of = { 'messaging.destination.name': 'default', 'threadmill.job.name': 'noop' };
  const attributes = { ...of, 'messaging.system': 'threadmill', 'messaging.operation.name': 'process' };
  return () => {
    ran.record(0.001, attributes);
    waited.record(0.001, of);
  };
}

/** An SDK as it is in production, but that what it exports goes nowhere. */
function tracers(sampler?: Sampler): BasicTracerProvider {
  const exporter = { export: (_: unknown, done: (result: { code: 0 }) => void) => done({ code: 0 }), shutdown: async () => {} };
  return new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)], ...(sampler && { sampler }) });
}

function meters(): MeterProvider {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  return new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })] });
}

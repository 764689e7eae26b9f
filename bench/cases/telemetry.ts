import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type Sampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { type InstrumentOptions, instrument } from 'threadmill/opentelemetry';
import { definitions } from '../jobs/definitions.js';
import type { WorkInput, WorkName } from '../jobs/work.js';
import { closedLoop } from '../loops.js';
import type { Contender } from '../peers/peer.js';
import { openQueue, threadmill } from '../peers/threadmill.js';
import type { Case } from '../result.js';
import { throughput } from '../throughput.js';

/** What a job costs that does nothing, with telemetry. The SDK's context manager is there for all, as in a program that has the SDK. */
export const telemetry: Case = async ({ quick, rounds }) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const contenders = [
    threadmill,
    instrumented('no SDK', {}),
    instrumented('metrics', { tracerProvider: false, meterProvider: meters() }),
    instrumented('metrics, 1 of 10 traced', { tracerProvider: tracers(new TraceIdRatioBasedSampler(0.1)), meterProvider: meters() }),
    instrumented('metrics and traces', { tracerProvider: tracers(), meterProvider: meters() }),
  ];
  const jobs = quick ? 10_000 : 30_000;
  const shared = { work: 'noop', input: (n: number) => ({ n }), load: closedLoop, contenders, rounds } as const;
  return [await throughput({ ...shared, name: 'no-op with telemetry, closed loop of 256', jobs })];
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

/** An SDK as it is in production, but that what it exports goes nowhere. */
function tracers(sampler?: Sampler): BasicTracerProvider {
  const exporter = { export: (_: unknown, done: (result: { code: 0 }) => void) => done({ code: 0 }), shutdown: async () => {} };
  return new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)], ...(sampler && { sampler }) });
}

function meters(): MeterProvider {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  return new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 })] });
}

import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** An SDK whose spans stay in memory; registered for this process. */
export function startSdk() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));
  trace.setGlobalTracerProvider(provider);
  return { provider, exporter, tracer: provider.getTracer('test') };
}

export function stopSdk(): void {
  trace.disable();
  context.disable();
  propagation.disable();
}

const ms = ([seconds, nanoseconds]: [number, number]) => seconds * 1_000 + nanoseconds / 1e6;

/** When a span begins and ends, in milliseconds since 1970. */
export function timesOf(span: ReadableSpan): { start: number; end: number; duration: number } {
  const [start, end] = [ms(span.startTime), ms(span.endTime)];
  return { start, end, duration: end - start };
}

import { context, propagation, ROOT_CONTEXT, type Span, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import * as internals from '../internals.js';

/** What is kept of where a job was added. Not the whole context of the caller: that may hold much, for as long as the job is kept. */
export interface JobTrace {
  /** Whose it is: more than one may make spans of a queue. */
  readonly owner: object;
  readonly other: object | undefined;
  readonly send: SpanContext;
  /** Whether anything is recorded of it. */
  readonly isRecording: boolean;
  /** Attempts that have been told, and the next one: the ids of their spans are made of it. */
  attempts: number;
}

/** The trace that `owner` has given a job. */
export function traceOf(record: internals.JobRecord, owner: object): JobTrace | undefined {
  let found = record.rare?.trace as JobTrace | undefined;
  while (found !== undefined && found.owner !== owner) found = found.other as JobTrace | undefined;
  return found;
}

/**
 * Id of the span of a job's n-th attempt, from 1. It is made when the attempt has ended, also where its thread is gone; what
 * the handler does meanwhile must know its parent. As random as that of `send`, and another one.
 */
export function attemptId({ spanId }: SpanContext, n: number): string {
  const digits = n < 256 ? 2 : 8;
  const last = Number.parseInt(spanId.slice(-digits), 16) ^ n;
  return spanId.slice(0, -digits) + (last >>> 0).toString(16).padStart(digits, '0');
}

/** Whether a span can be given its id: the SDK makes them, and takes none. Its spans give the very context that they export. */
export function takesId(span: Span): boolean {
  const own = span.spanContext();
  const { spanId } = own;
  try {
    own.spanId = attemptId(own, 1);
    const takes = span.spanContext().spanId !== spanId;
    own.spanId = spanId;
    return takes;
  } catch {
    // It is frozen.
    return false;
  }
}

const STANDARD = new Set(['traceparent', 'tracestate', 'baggage']);

/** Whether those who carry traces write what {@link carrierOf} can write too. */
export function isStandard(): boolean {
  return propagation.fields().every((field) => STANDARD.has(field));
}

/** What a handler finds its trace by, with this parent, and the baggage of whoever adds its job now. `standard`: see {@link isStandard}. */
export function carrierOf(send: SpanContext, spanId: string, standard: boolean): internals.Carrier | undefined {
  const active = context.active();
  if (standard && propagation.getBaggage(active) === undefined) return w3c(send, spanId);
  const headers: Record<string, string> = {};
  propagation.inject(trace.setSpanContext(active, { ...send, spanId }), headers);
  return internals.carrierOf(headers);
}

/** What most propagators write, in a tenth of their time. https://www.w3.org/TR/trace-context/ */
function w3c({ traceId, traceFlags, traceState }: SpanContext, spanId: string): internals.Carrier {
  const traceparent = `traceparent: 00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
  return traceState === undefined ? traceparent : `${traceparent}\ntracestate: ${traceState.serialize()}`;
}

/** The context of a span that is there already. */
export function contextOf(parent: SpanContext | undefined) {
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

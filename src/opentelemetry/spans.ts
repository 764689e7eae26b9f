import {
  type Attributes,
  type HrTime,
  INVALID_TRACEID,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from '@opentelemetry/api';
import { type JobQueue, type PostMortem, TimeoutError } from '../index.js';
import * as internals from '../internals.js';
import { errorTypeOf, SYSTEM } from './conventions.js';
import { attemptId, carrierOf, contextOf, isStandard, type JobTrace, takesId, traceOf } from './job-trace.js';

/**
 * The spans of a queue's jobs: one where a job is added, and one for each of its attempts, in the same trace. The second is
 * made when the attempt has ended: then its times and its outcome are known, for the sampler too.
 */
export class Spans implements Disposable {
  readonly #tracer: Tracer;
  readonly #queue: JobQueue;
  readonly #isLive: () => boolean;
  readonly #begin: () => void;
  readonly #sendName: string;
  readonly #processName: string;
  readonly #stops: (() => void)[];
  /** Whether ids of spans can be known before they are made, and what carries traces is known: of the SDK, with the first job. */
  #sdk: { readonly takesId: boolean; readonly isStandard: boolean } | undefined;

  /** `isLive`: whether the tracer makes spans already. `begin`: called when it does, and {@link ended} is to be called from now on. */
  constructor(tracer: Tracer, queue: JobQueue, isLive: () => boolean, begin: () => void) {
    this.#tracer = tracer;
    this.#queue = queue;
    this.#isLive = isLive;
    this.#begin = begin;
    this.#sendName = `send ${queue.name}`;
    this.#processName = `process ${queue.name}`;
    this.#stops = [
      internals.observe(queue, 'added', { told: (record) => this.#added(record), isWanted: isLive }),
      internals.observe(queue, 'deduplicated', { told: (record) => this.#deduplicated(record), isWanted: isLive }),
    ];
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }

  /** A job is in; told where it was added, in the context of whoever does. */
  #added(record: internals.JobRecord): void {
    const span = this.#sent(record);
    const isRecording = span.isRecording();
    const send = span.spanContext();
    // Tracing is suppressed here.
    if (send.traceId === INVALID_TRACEID) return;
    if (this.#sdk === undefined) this.#begin();
    this.#sdk ??= { takesId: takesId(span), isStandard: isStandard() };
    span.end();
    const parent = this.#sdk.takesId ? attemptId(send, 1) : send.spanId;
    const trace: JobTrace = { owner: this, other: record.rare?.trace, send, isRecording, attempts: 1 };
    internals.carry(record, carrierOf(send, parent, this.#sdk.isStandard), trace);
  }

  /** A job was not added: it is there already. */
  #deduplicated(record: internals.JobRecord): void {
    const span = this.#sent(record, linksTo(traceOf(record, this)));
    span.setAttribute('threadmill.job.deduplicated', true);
    span.end();
  }

  #sent({ id, name }: internals.JobRecord, links?: Link[]): Span {
    const attributes = {
      'messaging.system': SYSTEM,
      'messaging.destination.name': this.#queue.name,
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.message.id': id,
      'threadmill.job.name': name,
    };
    return this.#tracer.startSpan(this.#sendName, { kind: SpanKind.PRODUCER, attributes, ...(links && { links }) });
  }

  /** An attempt has ended: its span begins and ends when the handler did, also where the thread was killed. */
  ended(record: internals.JobRecord, attempt: internals.EndedAttempt): void {
    const trace = traceOf(record, this);
    // Of what is not sampled only failures are worth a question.
    if (trace === undefined ? !this.#isLive() : !trace.isRecording && attempt.outcome === 'completed') return;
    const span = this.#processed(record, attempt, trace);
    if (trace !== undefined) this.#identify(record, attempt, trace, span);
    if (!span.isRecording()) return;
    const endTime = hrTime(attempt.startedAt + attempt.duration);
    const errorType = errorTypeOf(attempt);
    if (errorType !== undefined) describeFailure(span, attempt.error, errorType, endTime);
    if (attempt.cpuTime !== undefined) span.setAttribute('threadmill.job.cpu_time', attempt.cpuTime / 1_000);
    span.end(endTime);
  }

  #processed({ id, name }: internals.JobRecord, attempt: internals.EndedAttempt, trace: JobTrace | undefined): Span {
    const attributes = {
      'messaging.system': SYSTEM,
      'messaging.destination.name': this.#queue.name,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': id,
      'threadmill.job.name': name,
      'threadmill.job.attempt': attempt.number,
      'threadmill.job.outcome': attempt.outcome,
      'thread.id': attempt.threadId,
    };
    const options = { kind: SpanKind.CONSUMER, startTime: hrTime(attempt.startedAt), links: linksTo(trace), attributes };
    return this.#tracer.startSpan(this.#processName, options, contextOf(trace?.send));
  }

  /** The span of an attempt is the one that its handler knows as parent; the next attempt has another. */
  #identify(record: internals.JobRecord, { outcome }: internals.EndedAttempt, trace: JobTrace, span: Span): void {
    // An interrupted one is told with the next, whose handler knows the same.
    if (!this.#sdk?.takesId || outcome === 'interrupted') return;
    const id = attemptId(trace.send, trace.attempts);
    if (span.isRecording()) span.spanContext().spanId = id;
    if (outcome === 'completed') return;
    trace.attempts++;
    internals.carry(record, record.carrier?.replace(id, attemptId(trace.send, trace.attempts)), trace);
  }
}

function linksTo(trace: JobTrace | undefined): Link[] {
  return trace === undefined ? [] : [{ context: trace.send }];
}

function describeFailure(span: Span, error: unknown, errorType: string, time: HrTime): void {
  const message = internals.messageOf(error);
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.recordException(error instanceof Error ? error : message, time);
  const postMortem = error instanceof TimeoutError ? error.postMortem : undefined;
  if (postMortem !== undefined) span.addEvent('threadmill.post_mortem', placeOf(postMortem), time);
}

/** Where a job was when its thread was killed. */
function placeOf({ kind, stack }: PostMortem): Attributes {
  const [top] = stack;
  if (top === undefined) return { 'threadmill.post_mortem.kind': kind };
  return {
    'threadmill.post_mortem.kind': kind,
    'code.function.name': top.functionName,
    'code.file.path': top.url,
    'code.line.number': top.line,
    'code.column.number': top.column,
    'code.stacktrace': stack.map(({ functionName, url, line, column }) => `    at ${functionName} (${url}:${line}:${column})`).join('\n'),
  };
}

/** Seconds and nanoseconds: a number is taken for a time since the process began, when it is small. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

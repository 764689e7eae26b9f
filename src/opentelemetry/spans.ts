import {
  type Attributes,
  context,
  type HrTime,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type Attempt, type Job, type JobQueue, type PostMortem, TimeoutError } from '../index.js';
import * as internals from '../internals.js';
import { errorTypeOf, SYSTEM } from './conventions.js';

/** The spans of a queue's jobs: one where a job is added, and one for each of its attempts, in the same trace. */
export class Spans implements Disposable {
  readonly #tracer: Tracer;
  readonly #queue: JobQueue;
  readonly #sendName: string;
  readonly #processName: string;
  /** Where each job was added. Not the whole context of the caller: that may hold much, for as long as the job is kept. */
  readonly #created = new WeakMap<Job, SpanContext>();

  constructor(tracer: Tracer, queue: JobQueue) {
    this.#tracer = tracer;
    this.#queue = queue;
    this.#sendName = `send ${queue.name}`;
    this.#processName = `process ${queue.name}`;
    queue.on('added', this.#added).on('deduplicated', this.#deduplicated);
  }

  [Symbol.dispose](): void {
    this.#queue.off('added', this.#added).off('deduplicated', this.#deduplicated);
  }

  /** A job is in; told where it was added, in the context of whoever does. */
  readonly #added = (job: Job): void => {
    const span = this.#sent(job);
    span.end();
    const created = span.spanContext();
    if (!trace.isSpanContextValid(created)) return;
    this.#created.set(job, created);
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), carrier);
    internals.carry(job, carrier);
  };

  /** A job was not added: it is there already. */
  readonly #deduplicated = (job: Job): void => {
    const span = this.#sent(job, this.#linksTo(this.#created.get(job)));
    span.setAttribute('threadmill.job.deduplicated', true);
    span.end();
  };

  #sent({ id, name }: Job, links?: Link[]): Span {
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

  #linksTo(created: SpanContext | undefined): Link[] {
    return created === undefined ? [] : [{ context: created }];
  }

  /** An attempt has ended: its span begins and ends when the handler did, also where the thread was killed. */
  ended(job: Job, attempt: Attempt, startedAt: number): void {
    const created = this.#created.get(job);
    const attributes = {
      'messaging.system': SYSTEM,
      'messaging.destination.name': this.#queue.name,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.message.id': job.id,
      'threadmill.job.name': job.name,
      'threadmill.job.attempt': attempt.number,
      'threadmill.job.outcome': attempt.outcome,
      'thread.id': attempt.threadId,
    };
    const options = { kind: SpanKind.CONSUMER, startTime: hrTime(startedAt), links: this.#linksTo(created), attributes };
    const parent = created === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, created);
    const span = this.#tracer.startSpan(this.#processName, options, parent);
    if (!span.isRecording()) return;
    const endTime = hrTime(startedAt + attempt.duration);
    const errorType = errorTypeOf(attempt);
    if (errorType !== undefined) describeFailure(span, attempt.error, errorType, endTime);
    span.end(endTime);
  }
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

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
import { ATTRIBUTE, errorTypeOf, SYSTEM } from './conventions.js';

/** The spans of a queue's jobs: one where a job is added, and one for each of its attempts, in the same trace. */
export class Spans implements Disposable {
  readonly #tracer: Tracer;
  readonly #queue: JobQueue;
  readonly #stop: () => void;
  readonly #send: { readonly name: string; readonly attributes: Attributes };
  readonly #process: { readonly name: string; readonly attributes: Attributes };
  /** Where each job was added. Not the whole context of the caller: that may hold much, for as long as the job is kept. */
  readonly #created = new WeakMap<Job, SpanContext>();

  constructor(tracer: Tracer, queue: JobQueue) {
    this.#tracer = tracer;
    this.#queue = queue;
    const { name } = queue;
    const of = (operation: string) => ({
      name: `${operation} ${name}`,
      attributes: {
        [ATTRIBUTE.SYSTEM]: SYSTEM,
        [ATTRIBUTE.DESTINATION]: name,
        [ATTRIBUTE.OPERATION]: operation,
        [ATTRIBUTE.OPERATION_TYPE]: operation,
      },
    });
    this.#send = of('send');
    this.#process = of('process');
    this.#stop = internals.onAttemptEnd(queue, this.#ended);
    queue.on('added', this.#added).on('deduplicated', this.#deduplicated);
  }

  [Symbol.dispose](): void {
    this.#stop();
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
    if (Object.keys(carrier).length > 0) internals.carry(job, carrier);
  };

  /** A job was not added: it is there already. */
  readonly #deduplicated = (job: Job): void => {
    const span = this.#sent(job, this.#linksTo(job));
    span.setAttribute(ATTRIBUTE.DEDUPLICATED, true);
    span.end();
  };

  #sent(job: Job, links: Link[] = []): Span {
    const attributes = { ...this.#send.attributes, [ATTRIBUTE.MESSAGE_ID]: job.id, [ATTRIBUTE.JOB]: job.name };
    return this.#tracer.startSpan(this.#send.name, { kind: SpanKind.PRODUCER, attributes, links });
  }

  #linksTo(job: Job): Link[] {
    const created = this.#created.get(job);
    return created === undefined ? [] : [{ context: created }];
  }

  /** An attempt has ended: its span begins and ends when the handler did, also where the thread was killed. */
  readonly #ended = (job: Job, attempt: Attempt, startedAt: number): void => {
    const links = this.#linksTo(job);
    const parent = links[0] === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, links[0].context);
    const startTime = hrTime(startedAt);
    const attributes = {
      ...this.#process.attributes,
      [ATTRIBUTE.MESSAGE_ID]: job.id,
      [ATTRIBUTE.JOB]: job.name,
      [ATTRIBUTE.ATTEMPT]: attempt.number,
      [ATTRIBUTE.OUTCOME]: attempt.outcome,
      [ATTRIBUTE.THREAD_ID]: attempt.threadId,
    };
    const span = this.#tracer.startSpan(this.#process.name, { kind: SpanKind.CONSUMER, startTime, links, attributes }, parent);
    const endTime = hrTime(startedAt + attempt.duration);
    const errorType = errorTypeOf(attempt);
    if (errorType !== undefined && span.isRecording()) describeFailure(span, attempt.error, errorType, endTime);
    span.end(endTime);
  };
}

function describeFailure(span: Span, error: unknown, errorType: string, time: HrTime): void {
  span.setAttribute(ATTRIBUTE.ERROR_TYPE, errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message: internals.messageOf(error) });
  span.recordException(error instanceof Error ? error : internals.messageOf(error), time);
  const postMortem = error instanceof TimeoutError ? error.postMortem : undefined;
  if (postMortem !== undefined) span.addEvent('threadmill.post_mortem', placeOf(postMortem), time);
}

/** Where a job was when its thread was killed. */
function placeOf({ kind, stack }: PostMortem): Attributes {
  const [top] = stack;
  if (top === undefined) return { [ATTRIBUTE.POST_MORTEM_KIND]: kind };
  const lines = stack.map(({ functionName, url, line, column }) => `    at ${functionName} (${url}:${line}:${column})`);
  return {
    [ATTRIBUTE.POST_MORTEM_KIND]: kind,
    [ATTRIBUTE.FUNCTION]: top.functionName,
    [ATTRIBUTE.FILE]: top.url,
    [ATTRIBUTE.LINE]: top.line,
    [ATTRIBUTE.COLUMN]: top.column,
    [ATTRIBUTE.STACK]: lines.join('\n'),
  };
}

/** Seconds and nanoseconds: a number is taken for a time since the process began, when it is small. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** What this example shows of a span. */
export function told(span: ReadableSpan) {
  const [seconds, nanoseconds] = span.duration;
  const place = span.events.find(({ name }) => name === 'threadmill.post_mortem')?.attributes;
  const facts = [span.attributes['error.type'], place && `in ${place['code.function.name']}, line ${place['code.line.number']}`];
  const { traceId, spanId } = span.spanContext();
  const ms = Math.round(seconds * 1_000 + nanoseconds / 1e6);
  return { name: span.name, traceId, spanId, parent: span.parentSpanContext?.spanId, ms, facts: facts.filter(Boolean).join(' ') };
}

export type Told = ReturnType<typeof told>;

/** Spans of one trace, each below its parent. */
export function tree(spans: readonly Told[], parent?: string, depth = 0): string[] {
  const children = spans.filter((span) => (span.parent === undefined ? parent === undefined : span.parent === parent));
  return children.flatMap((span) => [
    `${'  '.repeat(depth)}${span.name} ${span.ms} ms ${span.facts}`.trimEnd(),
    ...tree(spans, span.spanId, depth + 1),
  ]);
}

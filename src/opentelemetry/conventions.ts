import type { Attempt } from '../index.js';

/**
 * Names of attributes and values, after OpenTelemetry's conventions for messaging, code, threads and errors; what those
 * do not know begins with `threadmill`. https://opentelemetry.io/docs/specs/semconv/messaging/
 */
export const SYSTEM = 'threadmill';

export const ATTRIBUTE = {
  SYSTEM: 'messaging.system',
  /** The queue. */
  DESTINATION: 'messaging.destination.name',
  OPERATION: 'messaging.operation.name',
  OPERATION_TYPE: 'messaging.operation.type',
  /** The job's id. */
  MESSAGE_ID: 'messaging.message.id',
  /** The definition's name. */
  JOB: 'threadmill.job.name',
  /** Number of the attempt, from 1. */
  ATTEMPT: 'threadmill.job.attempt',
  OUTCOME: 'threadmill.job.outcome',
  DEDUPLICATED: 'threadmill.job.deduplicated',
  STATE: 'threadmill.job.state',
  EVENT: 'threadmill.job.event',
  THREAD_STATE: 'threadmill.thread.state',
  THREAD_ID: 'thread.id',
  ERROR_TYPE: 'error.type',
  FUNCTION: 'code.function.name',
  FILE: 'code.file.path',
  LINE: 'code.line.number',
  COLUMN: 'code.column.number',
  STACK: 'code.stacktrace',
  POST_MORTEM_KIND: 'threadmill.post_mortem.kind',
} as const;

/** What {@link ATTRIBUTE.ERROR_TYPE} says where nothing better is known. */
const OTHER = '_OTHER';
/** A code or a name, and not a message: the conventions ask for few different ones. */
const IDENTIFIER = /^[A-Za-z_][\w.:-]{0,63}$/;

/** What kind of failure an attempt ended with: the code of its error, or else its name. `undefined` when it completed. */
export function errorTypeOf({ outcome, error }: Attempt): string | undefined {
  if (outcome === 'completed') return undefined;
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    for (const type of [code, name]) if (typeof type === 'string' && IDENTIFIER.test(type)) return type;
  } catch {
    // `null`, or a getter that throws.
  }
  return OTHER;
}

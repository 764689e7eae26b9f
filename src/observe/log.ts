import type { EventEmitter } from 'node:events';
import { format } from 'node:util';
import { type Logger, pino } from 'pino';
import type { QueueEvents } from '../events.js';
import type { Job } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import { callGuarded, textOf } from '../thrown.js';

/** What the queue needs of a logger; pino has it. What its methods throw, or reject with, is left alone. */
export interface QueueLogger {
  trace(fields: object, message?: string): void;
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

type LogMethod = QueueLogger['trace'];

/** The logger of a queue: the given one, pino at level `info`, or none. What one throws, or rejects with, is left alone: it cannot be told. */
export function loggerFor(option: QueueLogger | false | undefined, queue: string): QueueLogger | undefined {
  if (option === false) return undefined;
  const logger = option ?? (pino({ name: 'threadmill' }) as Logger);
  const guard = (level: keyof QueueLogger): LogMethod => {
    // Logging must not end a job.
    return (fields, message) =>
      callGuarded(
        () => logger[level]({ queue, ...fields }, message),
        () => {},
      );
  };
  return { trace: guard('trace'), debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

/** Writes one line for every execution, and one for everything people must know of. Inputs and results are never logged. */
export function logEvents(queue: EventEmitter<QueueEvents>, logger: QueueLogger): void {
  queue.on('completed', (job) => logger.info(execution(job), 'job completed'));
  queue.on('retrying', (job, error, delay) =>
    logger.warn({ ...execution(job), retryIn: Math.round(delay), error: stackOf(error) }, 'job will be retried'),
  );
  queue.on('failed', (job, error) => logger.error({ ...execution(job), error: stackOf(error) }, 'job failed: it is a dead letter'));
  queue.on('cancelled', (job) => logger.info({ ...execution(job), error: stackOf(job.error) }, 'job cancelled'));
  queue.on('evicted', ({ id, name }) =>
    logger.warn({ jobId: id, job: name }, 'dead letter evicted: raise deadLetters.max, replay or remove'),
  );
  queue.on('dead-letter-alert', (_job, size) => logger.error({ size }, 'many dead letters'));
  queue.on('thread-killed', (event) => logger.warn(event, 'thread ended'));
  queue.on('thread-zombie', (event) => logger.error(event, 'thread does not end: native code holds it'));
  queue.on('late-error', (event, error) => logger.error({ ...event, error: stackOf(error) }, 'an error came from a job that had ended'));
}

/** The facts of a job's last execution. Times in milliseconds, rounded to the microsecond. */
export function execution(job: Job): object {
  const last = job.attempts.at(-1);
  const ran = last?.number === job.attempt ? last : undefined;
  return {
    jobId: job.id,
    job: job.name,
    attempt: job.attempt,
    outcome: ran?.outcome ?? job.state,
    wait: rounded(job.waitTime),
    run: rounded(ran?.duration),
    threadId: ran?.threadId,
  };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000;
}

/** With its stack, where there is one. Never throws. */
function stackOf(error: unknown): string {
  try {
    if (error instanceof Error) return textOf(error.stack ?? `${error.name}: ${error.message}`);
  } catch {
    // A proxy, or a getter that throws.
  }
  return textOf(error);
}

/** A handler's log line, as pino takes it: fields, then text. */
export function lineOf({ id, kind, attempt }: JobRecord, args: unknown[]): [fields: object, message?: string] {
  const [first, ...rest] = args;
  const facts = { jobId: id, job: kind.definition.name, attempt };
  if (typeof first !== 'object' || first === null) return [facts, format(...args)];
  return [{ ...(first instanceof Error ? { error: first.stack } : first), ...facts }, rest.length > 0 ? format(...rest) : undefined];
}

/** Something of the user's threw where it must not do harm: it is logged, or without a logger shown as a process warning. */
export function report(logger: QueueLogger | undefined, error: unknown, what: string): void {
  if (logger) logger.error({ error: stackOf(error) }, what);
  else process.emitWarning(`${what}: ${stackOf(error)}`, 'ThreadmillWarning');
}

import type { EventEmitter } from 'node:events';
import { format } from 'node:util';
import { callGuarded, textOf } from '../errors/thrown.js';
import type { QueueEvents } from '../events.js';
import { type Job, recordOf } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import { isListened, type Listened } from '../threads/wire/log-levels.js';
import { DefaultLogger } from './default-logger.js';
import { listenedBy } from './listened.js';

/** What the queue needs of a logger; pino has it. What its methods throw, or reject with, is left alone. */
export interface QueueLogger {
  trace(fields: object, message?: string): void;
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

type LogMethod = QueueLogger['trace'];

/** The logger of a queue. */
export interface JobLogger extends QueueLogger {
  /** What every line of a job carries of its metadata. */
  of(metadata: unknown): object | undefined;
  /** The levels it takes: see {@link listenedBy}. */
  readonly listened: Listened;
}

/** The logger of a queue, which names the keys `logMetadata` of a job's metadata: the given one, pino at level `info`, or none. What one throws, or rejects with, is left alone: it cannot be told. */
export function loggerFor(option: QueueLogger | false | undefined, queue: string, logMetadata: readonly string[]): JobLogger | undefined {
  if (option === false) return undefined;
  const logger = option ?? new DefaultLogger();
  const guard = (level: keyof QueueLogger): LogMethod => {
    // Logging must not end a job.
    return (fields, message) =>
      callGuarded(
        () => logger[level]({ queue, ...fields }, message),
        () => {},
      );
  };
  const of = (metadata: unknown) => namedOf(metadata, logMetadata);
  const methods = { trace: guard('trace'), debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
  return { ...methods, of, listened: listenedBy(logger) };
}

/**
 * Writes one line for every execution, and one for everything people must know of. Inputs and results are never logged, and of
 * metadata only the keys that `logMetadata` names.
 */
export function logEvents(queue: EventEmitter<QueueEvents>, logger: JobLogger): void {
  const facts = (job: Job) => execution(job, logger);
  /** A line of level `info`, of which there may be very many: its fields are made where somebody takes it. */
  const info = (fields: () => object, message: string) => {
    if (isListened(logger.listened, 'info')) logger.info(fields(), message);
  };
  queue.on('completed', (job) => info(() => facts(job), 'job completed'));
  queue.on('retrying', (job, error, delay) =>
    logger.warn({ ...facts(job), retryIn: Math.round(delay), err: errOf(error) }, 'job will be retried'),
  );
  queue.on('snoozed', (job, delay) => info(() => ({ ...facts(job), outcome: 'snoozed', retryIn: Math.round(delay) }), 'job put off'));
  queue.on('failed', (job, error) => {
    const fields = { ...facts(job), err: errOf(error) };
    if (recordOf(job).deadLetter) logger.error(fields, 'job failed: it is a dead letter');
    else logger.warn(fields, 'job failed');
  });
  queue.on('cancelled', (job) => info(() => ({ ...facts(job), err: errOf(job.error) }), 'job cancelled'));
  queue.on('evicted', ({ id, name, metadata }) =>
    logger.warn({ jobId: id, job: name, ...logger.of(metadata) }, 'dead letter evicted: raise deadLetters.max, replay or remove'),
  );
  queue.on('dead-letter-alert', (_job, size) => logger.error({ size }, 'many dead letters'));
  queue.on('thread-killed', (event) => logger.warn(event, 'thread ended'));
  queue.on('thread-zombie', (event) => logger.error(event, 'thread does not end: native code holds it'));
  queue.on('late-error', (event, error) => logger.error({ ...event, err: errOf(error) }, 'an error came from a job that had ended'));
}

/** The facts of a job's last execution. Times in milliseconds, rounded to the microsecond. */
export function execution(job: Job, logger: JobLogger): object {
  const last = job.attempts.at(-1);
  const ran = last?.number === job.attempt ? last : undefined;
  return {
    ...logger.of(job.metadata),
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

/** The keys of a job's metadata that its lines carry. Never throws. */
function namedOf(metadata: unknown, keys: readonly string[]): object | undefined {
  if (keys.length === 0 || typeof metadata !== 'object' || metadata === null) return undefined;
  try {
    return Object.fromEntries(
      keys.flatMap((key) => (Object.hasOwn(metadata, key) ? [[key, (metadata as Record<string, unknown>)[key]]] : [])),
    );
  } catch {
    // A getter that throws.
    return undefined;
  }
}

/** An error, as pino takes it under `err`: the error itself, when it can be read without harm, or else a text. */
function errOf(error: unknown): unknown {
  try {
    if (error instanceof Error) {
      for (const key of ['name', 'message', 'stack', 'cause', ...Object.keys(error)])
        void (error as unknown as Record<string, unknown>)[key];
      return error;
    }
  } catch {
    // A proxy, or a getter that throws.
  }
  return textOf(error);
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

/** Whose line it is. */
type Speaking = Pick<JobRecord, 'id' | 'attempt' | 'metadata'> & { readonly kind: Pick<JobRecord['kind'], 'definition'> };

/** A handler's log line, as pino takes it: fields, then text. */
export function lineOf({ id, kind, attempt, metadata }: Speaking, args: unknown[], logger: JobLogger): [fields: object, message?: string] {
  const [first, ...rest] = args;
  const facts = { ...logger.of(metadata), jobId: id, job: kind.definition.name, attempt };
  if (typeof first !== 'object' || first === null) return [facts, format(...args)];
  return [{ ...(first instanceof Error ? { err: errOf(first) } : first), ...facts }, rest.length > 0 ? format(...rest) : undefined];
}

/** Something of the user's threw where it must not do harm: it is logged, or without a logger shown as a process warning. */
export function report(logger: QueueLogger | undefined, error: unknown, what: string): void {
  if (logger) logger.error({ err: errOf(error) }, what);
  else process.emitWarning(`${what}: ${stackOf(error)}`, 'ThreadmillWarning');
}

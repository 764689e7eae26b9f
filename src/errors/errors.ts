import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { PostMortem } from './post-mortem.js';

/** Where an error belongs: set on every error that speaks of a job. */
export interface JobFacts {
  jobId?: string | undefined;
  jobName?: string | undefined;
  attempt?: number | undefined;
}

// One symbol for all copies of the package, as for definitions.
const BRAND = Symbol.for('threadmill.error');

/**
 * Base of every error of this package. `code` is stable; branch on it or on the class, never on the message.
 * `instanceof` also knows the errors of another copy of the package, by their code.
 */
export abstract class ThreadmillError extends Error {
  abstract readonly code: string;
  /** Id of the job the error speaks of, where there is one. */
  declare jobId?: string;
  /** Name of the job's definition, where there is one. */
  declare jobName?: string;
  /** Number of the attempt, from 1, where there is one. */
  declare attempt?: number;

  constructor(message: string, options?: ErrorOptions & JobFacts) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    if (options) attachJob(this, options);
  }

  static {
    Object.defineProperty(ThreadmillError, Symbol.hasInstance, { value: isInstance });
    Object.defineProperty(ThreadmillError.prototype, BRAND, { value: true });
    Object.defineProperty(ThreadmillError.prototype, 'name', {
      configurable: true,
      get(this: Error) {
        return this.constructor.name;
      },
    });
  }
}

/** `value instanceof this`, where another copy of the package may have made the value. */
function isInstance(this: { prototype: object }, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isParent(this.prototype, value)) return true;
  if (!isThreadmillError(value)) return false;
  const known = errorClass(value.code);
  return this === ThreadmillError || (known !== undefined && (this === known || isParent(this.prototype, known.prototype)));
}

function isParent(prototype: object, object: object): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, object);
}

/** Whether an error is one of this package, of whichever copy. */
export function isThreadmillError(value: object): value is ThreadmillError {
  return BRAND in value;
}

/** The class of this copy that has a code. */
export function errorClass(code: unknown): { readonly prototype: ThreadmillError } | undefined {
  return CLASSES.get(code);
}

/** Writes the job's facts on an error of ours; facts that are already there stay. */
export function attachJob(error: unknown, { jobId, jobName, attempt }: JobFacts): void {
  if (!(error instanceof ThreadmillError)) return;
  if (jobId !== undefined) error.jobId ??= jobId;
  if (jobName !== undefined) error.jobName ??= jobName;
  if (attempt !== undefined) error.attempt ??= attempt;
}

/** The definition's schema refused the input. */
export class InputError extends ThreadmillError {
  readonly code = 'ERR_INPUT';
  /** As the validator gave them. */
  readonly issues: readonly StandardSchemaV1.Issue[];
  constructor(message: string, issues: readonly StandardSchemaV1.Issue[], facts?: ErrorOptions & JobFacts) {
    super(message, facts);
    this.issues = issues;
  }
}

/** The input is larger than the queue's `maxInputBytes`. */
export class InputTooLargeError extends ThreadmillError {
  readonly code = 'ERR_INPUT_TOO_LARGE';
}

/** An input or a result cannot cross the thread boundary; the message names the path. */
export class NotCloneableError extends ThreadmillError {
  readonly code = 'ERR_NOT_CLONEABLE';
}

/** The definition's output schema refused what the handler returned. */
export class OutputError extends ThreadmillError {
  readonly code = 'ERR_OUTPUT';
  /** As the validator gave them. */
  readonly issues: readonly StandardSchemaV1.Issue[];
  constructor(message: string, issues: readonly StandardSchemaV1.Issue[], facts?: JobFacts) {
    super(message, facts);
    this.issues = issues;
  }
}

/** An attempt ran longer than its `timeout`; its thread was terminated. */
export class TimeoutError extends ThreadmillError {
  readonly code = 'ERR_TIMEOUT';
  /** The limit, in milliseconds. */
  readonly timeout: number;
  /** How long the attempt had run when it was given up, in milliseconds. */
  readonly ranFor: number;
  /** Where the job was stuck; see the queue's option `postMortem`. */
  declare postMortem?: PostMortem;
  constructor(message: string, timeout: number, ranFor: number, facts?: JobFacts) {
    super(message, facts);
    this.timeout = timeout;
    this.ranFor = ranFor;
  }
}

/** Why a thread died under an attempt. */
export type CrashReason = 'out-of-memory' | 'exit' | 'uncaught';

/** The attempt's thread died: out of memory, `process.exit`, or an error nobody caught (then it is the `cause`). */
export class CrashError extends ThreadmillError {
  readonly code = 'ERR_CRASH';
  readonly reason: CrashReason;
  readonly exitCode: number;
  constructor(message: string, reason: CrashReason, exitCode: number, facts?: ErrorOptions & JobFacts) {
    super(message, facts);
    this.reason = reason;
    this.exitCode = exitCode;
  }
}

/** The job was cancelled by `job.cancel()` or by the signal it was added with. */
export class CancelledError extends ThreadmillError {
  readonly code: string = 'ERR_CANCELLED';
  /** What was given to `cancel`, or the signal's reason. */
  readonly reason: unknown;
  constructor(message: string, reason?: unknown, facts?: JobFacts) {
    super(message, facts);
    this.reason = reason;
  }
}

/** The job was not started within its `maxWait`: it was dropped. */
export class ExpiredError extends CancelledError {
  override readonly code = 'ERR_EXPIRED';
}

/** The job's module failed to load in the thread, or exports no such definition. Never retried. */
export class ModuleError extends ThreadmillError {
  readonly code = 'ERR_MODULE';
}

/** The same `idempotencyKey` came with a different input. */
export class IdempotencyError extends ThreadmillError {
  readonly code = 'ERR_IDEMPOTENCY';
}

/** There is no such dead letter, or it is none any more. */
export class NotFoundError extends ThreadmillError {
  readonly code = 'ERR_NOT_FOUND';
}

/** `maxWaiting` jobs, or `maxWaitingBytes`, or as many of the job's group as its share is, wait already, and `whenFull` is `'reject'`. */
export class QueueFullError extends ThreadmillError {
  readonly code = 'ERR_QUEUE_FULL';
  /** Milliseconds until a job of the definition, and of that group, would be started, as `estimateWait` has it: when to come again. */
  readonly retryAfter: number;
  /** The group whose share is full, where it is that. */
  declare group?: string;
  constructor(message: string, retryAfter = 0, facts?: JobFacts & { group?: string }) {
    super(message, facts);
    this.retryAfter = retryAfter;
    if (facts?.group !== undefined) this.group = facts.group;
  }
}

/** The queue is closed or closing, or was closed before the job could end. */
export class QueueClosedError extends ThreadmillError {
  readonly code = 'ERR_QUEUE_CLOSED';
}

/** Throw it in a handler to say that another attempt is pointless: the job becomes a dead letter at once. */
export class UnrecoverableError extends ThreadmillError {
  readonly code = 'ERR_UNRECOVERABLE';
}

/**
 * Throw it in a handler when somebody else says "not so fast": jobs of this definition are not started for so many milliseconds, or
 * where the job has a group, jobs of the definition and that group; and this one waits too. It spends no attempt. Those that were sent
 * ahead to a thread come back, unless one starts in the moment (some tenths of a millisecond) before the queue hears of it.
 */
export class RateLimitedError extends ThreadmillError {
  readonly code = 'ERR_RATE_LIMITED';
  /** In milliseconds. */
  readonly retryAfter: number;
  constructor(retryAfter: number, message = `rate limited for ${retryAfter} ms`) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** What `context.snooze` throws. */
export class SnoozeError extends ThreadmillError {
  readonly code = 'ERR_SNOOZE';
  /** In milliseconds. */
  readonly ms: number;
  constructor(ms: number) {
    super(`put off for ${ms} ms`);
    this.ms = ms;
  }
}

/** An option is wrong: the message says which, what was expected and what was given. */
export class OptionsError extends ThreadmillError {
  readonly code = 'ERR_OPTIONS';
}

const CLASSES = new Map<unknown, { readonly prototype: ThreadmillError }>([
  ['ERR_INPUT', InputError],
  ['ERR_INPUT_TOO_LARGE', InputTooLargeError],
  ['ERR_NOT_CLONEABLE', NotCloneableError],
  ['ERR_OUTPUT', OutputError],
  ['ERR_TIMEOUT', TimeoutError],
  ['ERR_CRASH', CrashError],
  ['ERR_CANCELLED', CancelledError],
  ['ERR_EXPIRED', ExpiredError],
  ['ERR_MODULE', ModuleError],
  ['ERR_IDEMPOTENCY', IdempotencyError],
  ['ERR_QUEUE_FULL', QueueFullError],
  ['ERR_QUEUE_CLOSED', QueueClosedError],
  ['ERR_UNRECOVERABLE', UnrecoverableError],
  ['ERR_RATE_LIMITED', RateLimitedError],
  ['ERR_SNOOZE', SnoozeError],
  ['ERR_NOT_FOUND', NotFoundError],
  ['ERR_OPTIONS', OptionsError],
]);

import { anything, type Check, checked, instanceOf, listOf, number, object, oneOf, optional, text } from '../checks/checks.js';
import type { Backoff } from './backoff.js';
import { jobLimits } from './define-job.js';
import type { JobDefinition } from './definition.js';
import { pack } from './payload.js';

/** What `add` may be told beside the input. */
export interface AddOptions {
  /** Overrides the definition's. */
  priority?: number;
  /** Milliseconds before the job may start. Default 0. */
  delay?: number;
  /** Overrides the definition's: milliseconds the job may wait from now to its first start; then it is dropped, with `ExpiredError`. */
  maxWait?: number;
  /** Overrides the definition's, in milliseconds. */
  timeout?: number;
  /** Overrides the definition's. Default 4; 1 with `run` and `map`. */
  maxAttempts?: number;
  /** Overrides the definition's: whether a job that failed for good is a dead letter. Default `true`; `false` with `run` and `map`. */
  deadLetter?: boolean;
  /** Overrides the definition's. */
  backoff?: Backoff;
  /** While a job of the definition with this key lives, and for `idempotency.ttl` after it completed, `add` answers with that job. */
  idempotencyKey?: string;
  /**
   * What becomes of a job whose key stands for another. `'join'`, the default: it is answered with that job, and refused with
   * `IdempotencyError` when its input is another. `'reject'`: it is refused, whatever its input. `'replace'`: one that waits, or is
   * delayed, is cancelled and this takes its place in line; with a `delay` that is debouncing. One that runs, or has completed, is left
   * alone, and the key stands for the new one. `'drop'`: it is answered with that job, whatever its input; with `ttl` that is throttling.
   */
  onDuplicate?: 'join' | 'reject' | 'replace' | 'drop';
  /** Milliseconds that the key stands for the job after it completed. Default the queue's `idempotency.ttl`. */
  ttl?: number;
  /** Anything cloneable; the handler finds it as `context.metadata`. Never logged. */
  metadata?: unknown;
  /** Cancels the job when aborted. */
  signal?: AbortSignal;
  /** Key of the job's group, in place of what the definition's `group.key` says; not empty. */
  group?: string;
  /** Buffers to move instead of copy. Only with `maxAttempts: 1`: they are gone for a second attempt. */
  transfer?: readonly ArrayBuffer[];
}

/** What `add` was told, as {@link checkAddOptions} gives it. */
export interface TakenAddOptions extends AddOptions {
  /** Estimate of what the metadata takes: it counts with the input. */
  metadataBytes?: number;
  /** Milliseconds that it has waited before it was let in, where that counts for its `maxWait`. */
  waited?: number;
}

/** What has served when the job is in. */
const SERVED: ReadonlySet<string> = new Set(['priority', 'delay', 'group', 'metadataBytes', 'onDuplicate']);

/** What a job keeps of what it was added with: nothing when all of it has served. */
export function keptOf(settings: TakenAddOptions): Omit<TakenAddOptions, 'metadataBytes'> | undefined {
  for (const key in settings) if (!SERVED.has(key) && settings[key as keyof TakenAddOptions] !== undefined) return restOf(settings);
  return undefined;
}

function restOf({
  priority,
  delay,
  group,
  metadataBytes,
  onDuplicate,
  ...rest
}: TakenAddOptions): Omit<TakenAddOptions, 'metadataBytes'> | undefined {
  return Object.values(rest).some((value) => value !== undefined) ? rest : undefined;
}

const addOptions = object({
  priority: optional(jobLimits.priority),
  delay: optional(number(0)),
  maxWait: optional(jobLimits.maxWait),
  timeout: optional(jobLimits.timeout),
  maxAttempts: optional(jobLimits.maxAttempts),
  deadLetter: optional(jobLimits.deadLetter),
  backoff: optional(jobLimits.backoff),
  idempotencyKey: optional(text),
  onDuplicate: optional(oneOf('join', 'reject', 'replace', 'drop')),
  ttl: optional(number(0)),
  metadata: anything,
  signal: optional(instanceOf(AbortSignal, 'expected an AbortSignal')),
  group: optional(text),
  transfer: optional(listOf(instanceOf(ArrayBuffer, 'expected an ArrayBuffer'))),
});

const onlyWithKey = object({
  idempotencyKey: (value, refuse) => (value === undefined ? refuse('expected one with "onDuplicate" and "ttl"') : value),
});
const once = (why: string): Check => {
  return object({ maxAttempts: (value, refuse) => (value === 1 ? value : refuse(`expected 1${why}`)) });
};
const onceWithTransfer = once(' with "transfer": a transferred buffer is gone for another attempt');
const onceAtMost = once(': the job is delivered at most once');

/**
 * Checks what `add` was told, or `run` where somebody waits for the job; metadata that takes more than `maxInputBytes` is
 * looked at so far only. Throws `OptionsError`, or `NotCloneableError` for the metadata.
 */
export function checkAddOptions(
  definition: JobDefinition,
  options: AddOptions,
  awaited: boolean,
  maxInputBytes?: number,
  where = `add(${definition.name})`,
): TakenAddOptions {
  const taken = checked(addOptions, options, where) as TakenAddOptions;
  const maxAttempts = taken.maxAttempts ?? (awaited ? definition.awaited : definition).maxAttempts;
  if (taken.transfer !== undefined) checked(onceWithTransfer, { maxAttempts }, where);
  const { idempotencyKey, onDuplicate, ttl } = taken;
  if (idempotencyKey === undefined && (onDuplicate !== undefined || ttl !== undefined)) checked(onlyWithKey, { idempotencyKey }, where);
  if (definition.delivery === 'at-most-once') checked(onceAtMost, { maxAttempts }, where);
  if (taken.metadata !== undefined) {
    const { value, bytes } = pack(taken.metadata, 'metadata', maxInputBytes);
    taken.metadata = value;
    taken.metadataBytes = bytes;
  }
  return taken;
}

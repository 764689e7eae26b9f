import { type Check, checked, instanceOf, number, object, optional } from '../checks.js';
import type { Backoff } from './backoff.js';
import { type JobDefinition, jobLimits } from './definition.js';
import { pack } from './payload.js';

/** What `add` may be told beside the input. */
export interface AddOptions {
  /** Overrides the definition's. */
  priority?: number;
  /** Milliseconds before the job may start. Default 0. */
  delay?: number;
  /** Overrides the definition's, in milliseconds. */
  timeout?: number;
  /** Overrides the definition's. */
  maxAttempts?: number;
  /** Overrides the definition's. */
  backoff?: Backoff;
  /** While a job of the definition with this key lives, and for `idempotency.ttl` after it completed, `add` answers with that job. */
  idempotencyKey?: string;
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
}

/** What a job keeps of what it was added with: nothing when all of it has served. */
export function keptOf({ priority, delay, group, metadataBytes, ...rest }: TakenAddOptions): AddOptions | undefined {
  return Object.values(rest).some((value) => value !== undefined) ? rest : undefined;
}

const key: Check<string> = (value, refuse) => {
  if (typeof value !== 'string' || value === '') refuse('expected a string that is not empty');
  return value;
};
const buffer = instanceOf(ArrayBuffer, 'expected an ArrayBuffer');
const buffers: Check<ArrayBuffer[]> = (value, refuse) => {
  if (!Array.isArray(value)) refuse('expected array');
  else value.forEach((one, index) => void buffer(one, (expected) => refuse(expected, [String(index)], one)));
  return value;
};

const addOptions = object({
  priority: optional(jobLimits.priority),
  delay: optional(number(0)),
  timeout: optional(jobLimits.timeout),
  maxAttempts: optional(jobLimits.maxAttempts),
  backoff: optional(jobLimits.backoff),
  idempotencyKey: optional(key),
  metadata: (value) => value,
  signal: optional(instanceOf(AbortSignal, 'expected an AbortSignal')),
  group: optional(key),
  transfer: optional(buffers),
});

const once = (why: string): Check => {
  return object({ maxAttempts: (value, refuse) => (value === 1 ? value : refuse(`expected 1${why}`)) });
};
const onceWithTransfer = once(' with "transfer": a transferred buffer is gone for another attempt');
const onceAtMost = once(': the job is delivered at most once');

/**
 * Checks what `add` was told; metadata that takes more than `maxInputBytes` is looked at so far only. Throws `OptionsError`,
 * or `NotCloneableError` for the metadata.
 */
export function checkAddOptions(definition: JobDefinition, options: AddOptions, maxInputBytes?: number): TakenAddOptions {
  const where = `add(${definition.name})`;
  const taken = checked(addOptions, options, where) as TakenAddOptions;
  const maxAttempts = taken.maxAttempts ?? definition.maxAttempts;
  if (taken.transfer !== undefined) checked(onceWithTransfer, { maxAttempts }, where);
  if (definition.delivery === 'at-most-once') checked(onceAtMost, { maxAttempts }, where);
  if (taken.metadata !== undefined) {
    const { value, bytes } = pack(taken.metadata, 'metadata', maxInputBytes);
    taken.metadata = value;
    taken.metadataBytes = bytes;
  }
  return taken;
}

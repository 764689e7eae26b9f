import { z } from 'zod';
import { checkOptions } from '../check-options.js';
import { type JobDefinition, jobLimits } from './definition.js';
import { pack } from './payload.js';
import type { Backoff } from './retry.js';

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
  /** Buffers to move instead of copy. Only with `maxAttempts: 1`: they are gone for a second attempt. */
  transfer?: readonly ArrayBuffer[];
}

/** What a job keeps of what it was added with: nothing when all of it has served. */
export function keptOf({ priority, delay, ...rest }: AddOptions): AddOptions | undefined {
  return Object.values(rest).some((value) => value !== undefined) ? rest : undefined;
}

const addSchema = z.strictObject({
  priority: jobLimits.priority.optional(),
  delay: z.number().min(0).refine(Number.isFinite, 'expected a finite number of milliseconds').optional(),
  timeout: jobLimits.timeout.optional(),
  maxAttempts: jobLimits.maxAttempts.optional(),
  backoff: jobLimits.backoff.optional(),
  idempotencyKey: z.string().min(1).optional(),
  metadata: z.any().optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
  transfer: z.array(z.instanceof(ArrayBuffer, { error: 'expected an ArrayBuffer' })).optional(),
});

/** Checks what `add` was told. Throws `OptionsError`. */
export function checkAddOptions(definition: JobDefinition, options: AddOptions): AddOptions {
  const where = `add(${definition.name})`;
  const checked = checkOptions(addSchema, options, where) as AddOptions;
  const maxAttempts = checked.maxAttempts ?? definition.maxAttempts;
  if (checked.transfer !== undefined && maxAttempts > 1) {
    checkOptions(
      z.strictObject({ maxAttempts: z.literal(1, 'expected 1 with "transfer": a transferred buffer is gone for another attempt') }),
      { maxAttempts },
      where,
    );
  }
  if (definition.delivery === 'at-most-once' && maxAttempts > 1) {
    checkOptions(z.strictObject({ maxAttempts: z.literal(1, 'expected 1: the job is delivered at most once') }), { maxAttempts }, where);
  }
  if ('metadata' in checked) checked.metadata = pack(checked.metadata, 'metadata').value;
  return checked;
}

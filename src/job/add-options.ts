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
  attempts?: number;
  /** Overrides the definition's. */
  backoff?: Backoff;
  /** While a job of the definition with this key lives, and for `idempotency.ttl` after it completed, `add` answers with that job. */
  idempotencyKey?: string;
  /** Anything cloneable; the handler finds it as `context.metadata`. Never logged. */
  metadata?: unknown;
  /** Cancels the job when aborted. */
  signal?: AbortSignal;
  /** Buffers to move instead of copy. Only with `attempts: 1`: they are gone for a second attempt. */
  transfer?: readonly ArrayBuffer[];
}

/** What a job keeps of what it was added with: nothing when all of it has served. */
export function keptOf({ priority, delay, ...rest }: AddOptions): AddOptions | undefined {
  return Object.values(rest).some((value) => value !== undefined) ? rest : undefined;
}

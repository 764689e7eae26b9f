import type { AddOptions } from '../job/add-options.js';
import type { Backoff } from '../job/backoff.js';
import type { JobRecord } from '../job/record.js';

/** An unfinished job, as `close` hands it back and `restore` takes it; survives `v8.serialize`. */
export interface JobSnapshot {
  id: string;
  name: string;
  input: unknown;
  /** Attempts used up. */
  attemptsMade: number;
  /** For a delayed job: when it is due, in milliseconds since 1970. */
  runAt?: number;
  priority: number;
  metadata: unknown;
  checkpoint?: unknown;
  timeout?: number;
  maxAttempts?: number;
  backoff?: Backoff;
  idempotencyKey?: string;
}

/** A job as it is handed back; `runAt` for a delayed one. */
export function snapshotOf(record: JobRecord, runAt: number | undefined): JobSnapshot {
  const { id, kind, input, attempt: attemptsMade, priority, options, checkpoint } = record;
  const { timeout, maxAttempts, backoff, idempotencyKey, metadata } = options ?? {};
  const rest = { runAt, checkpoint, timeout, maxAttempts, idempotencyKey, backoff: typeof backoff === 'object' ? backoff : undefined };
  return { id, name: kind.definition.name, input, attemptsMade, priority, metadata, ...given(rest) };
}

/** The options that the job of a snapshot is added with. */
export function settingsOf(snapshot: JobSnapshot, wallTime: number): AddOptions {
  const { priority, metadata, runAt = wallTime, timeout, backoff, idempotencyKey, maxAttempts } = snapshot;
  return { priority, metadata, delay: Math.max(0, runAt - wallTime), ...given({ timeout, backoff, idempotencyKey, maxAttempts }) };
}

/** Without what is undefined. */
function given<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

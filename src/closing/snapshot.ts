import type { TakenAddOptions } from '../job/add-options.js';
import type { Backoff } from '../job/backoff.js';
import type { JobRecord } from '../job/record.js';
import { portable } from './portable.js';

/**
 * An unfinished job, as `close` hands it back and `restore` takes it. Survives `v8.serialize`; so shared memory in its
 * input, metadata or checkpoint is a copy, an ArrayBuffer with the bytes of that moment. Given to `restore` in the same
 * process as it is, it becomes the shared memory again.
 */
export interface JobSnapshot {
  id: string;
  /** Name of its definition. */
  name: string;
  /** As the schema returned it. */
  input: unknown;
  /** Attempts used up. */
  attemptsMade: number;
  /** For a delayed job: when it is due, in milliseconds since 1970. */
  runAt?: number;
  priority: number;
  /** Key of its group, where it has one. */
  group?: string;
  metadata: unknown;
  /** What its handler last gave to `context.checkpoint`. */
  checkpoint?: unknown;
  /** Executions in total. Where a snapshot has none, the definition's holds. */
  maxAttempts?: number;
  /** As `add` was told; the definition's holds where it was told nothing. */
  timeout?: number;
  /** As `add` was told; infinite for a job that was started before, whose waiting does not count any more. */
  maxWait?: number;
  /** When a job was added whose `maxWait` counts, in milliseconds since 1970. */
  addedAt?: number;
  /** As `add` was told. Without it, a job that `run` waited for is a dead letter when it fails now: nobody waits any more. */
  deadLetter?: boolean;
  /** As `add` was told; a function cannot be kept, then the definition's holds. */
  backoff?: Backoff;
  /** As `add` was told. */
  idempotencyKey?: string;
  /** As `add` was told: how long its key stands for it. */
  ttl?: number;
}

/** A job as it is handed back; `runAt` for a delayed one. Throws `NotCloneableError` when it holds what does not survive. */
export function snapshotOf(record: JobRecord, runAt: number | undefined): JobSnapshot {
  const { id, kind, attempt: attemptsMade, priority, options } = record;
  const { timeout, deadLetter, backoff, idempotencyKey, ttl } = options ?? {};
  const input = portable(record.input, 'input');
  const metadata = portable(options?.metadata, 'metadata');
  const checkpoint = portable(record.checkpoint, 'checkpoint');
  const rest = {
    runAt,
    group: record.group,
    checkpoint,
    timeout,
    deadLetter,
    ...waitOf(record),
    idempotencyKey,
    ttl,
    backoff: typeof backoff === 'object' ? backoff : undefined,
  };
  return { id, name: kind.definition.name, input, attemptsMade, maxAttempts: record.maxAttempts, priority, metadata, ...given(rest) };
}

/** How long it may wait to be started, and since when. */
function waitOf({ maxWait, attempt, putOffs, options, addedAt }: JobRecord): Pick<JobSnapshot, 'maxWait' | 'addedAt'> {
  if (maxWait === undefined) return {};
  if (attempt + putOffs > 0 || maxWait === Number.POSITIVE_INFINITY) return { maxWait: Number.POSITIVE_INFINITY };
  return { ...given({ maxWait: options?.maxWait }), addedAt: addedAt - (options?.waited ?? 0) };
}

/** The options that the job of a snapshot is added with. */
export function settingsOf(snapshot: JobSnapshot, wallTime: number): TakenAddOptions {
  const {
    priority,
    group,
    metadata,
    runAt = wallTime,
    timeout,
    backoff,
    idempotencyKey,
    maxAttempts,
    deadLetter,
    maxWait,
    addedAt,
    ttl,
  } = snapshot;
  const waited = addedAt === undefined ? undefined : Math.max(0, wallTime - addedAt);
  const rest = { group, timeout, backoff, idempotencyKey, maxAttempts, deadLetter, maxWait, waited, ttl };
  return { priority, metadata, delay: Math.max(0, runAt - wallTime), ...given(rest) };
}

/** Without what is undefined. */
function given<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

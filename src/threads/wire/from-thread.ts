import type { FromThread } from './protocol.js';

/** Whether each kind of message has the fields that the main thread relies on. */
const CHECKS: { [Type in FromThread['type']]: (message: Fields<Type>) => boolean } = {
  open: ({ failures }) => Array.isArray(failures),
  results: ({ first, values, results, last }) =>
    isCount(first) && Array.isArray(values) && (results === undefined || Array.isArray(results)) && typeof last === 'boolean',
  progress: isOfJob,
  checkpoint: isOfJob,
  log: ({ position, level, args }) => isCount(position) && LEVELS.includes(level) && Array.isArray(args),
  'late-error': isSigned,
  exit: isSigned,
};
const LEVELS: readonly unknown[] = ['trace', 'debug', 'info', 'warn', 'error'];

type Fields<Type> = { [Key in keyof Message<Type>]: unknown };
/** A message may have several types. */
type Message<Type, One = FromThread> = One extends { type: infer Types } ? (Type extends Types ? One : never) : never;

/**
 * Whether what came from a thread is a message of ours. It need not be: a handler may have changed the objects of the
 * language that the thread makes its messages with. Errors in it are for `decodeThrown` to check, values are the user's.
 */
export function isFromThread(message: unknown): message is FromThread {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return typeof type === 'string' && Object.hasOwn(CHECKS, type) && CHECKS[type as FromThread['type']](message as never);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOfJob({ position }: { position: unknown }): boolean {
  return isCount(position);
}

function isSigned({ jobId, jobName }: { jobId: unknown; jobName: unknown }): boolean {
  return isTextOrNothing(jobId) && isTextOrNothing(jobName);
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

import { types } from 'node:util';
import { isRows } from './columns.js';
import { LEVELS } from './log-levels.js';
import type { FromThread, Said } from './protocol.js';

type Message = FromThread | Said;
type Checks<Messages extends Message> = { readonly [One in Messages as One['type']]: (message: Unchecked<One>) => boolean };
type Unchecked<One> = { readonly [Field in keyof One]: unknown };

/** Whether each kind of message has the fields that the main thread relies on. */
const FROM_THREAD: Checks<FromThread> = {
  loading: ({ kind }) => isCount(kind),
  loaded: () => true,
  open: ({ failures, kernelThreadId }) =>
    Array.isArray(failures) && failures.every((one) => isCount(one?.kind)) && (kernelThreadId === undefined || isCount(kernelThreadId)),
  results: ({ first, values, results, last }) =>
    isCount(first) && isRows(values) && (results === undefined || Array.isArray(results)) && typeof last === 'boolean',
  news: () => true,
  mailbox: ({ of, memory }) => (of === 'progress' || of === 'checkpoint') && (memory === undefined || types.isSharedArrayBuffer(memory)),
  'late-error': isSigned,
  exit: isSigned,
};
const isOfJob = ({ position }: { position: unknown }) => isCount(position);
const FROM_HANDLER: Checks<Said> = {
  progress: isOfJob,
  checkpoint: isOfJob,
  log: ({ position, level, args }) => isCount(position) && isLevel(level) && Array.isArray(args),
  print: (message) => isSigned(message) && isLevel(message.level) && typeof message.text === 'string',
};

/**
 * Whether what came from a thread is a message of ours. It need not be: a handler may have changed the objects of the
 * language that the thread makes its messages with. Errors in it are for `decodeThrown` to check, values are the user's.
 */
export function isFromThread(message: unknown): message is FromThread {
  return passes(FROM_THREAD, message);
}

/** The same for what a handler says. */
export function isHandlerMessage(message: unknown): message is Said {
  return passes(FROM_HANDLER, message);
}

function passes(checks: { readonly [type: string]: (message: never) => boolean }, message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return typeof type === 'string' && Object.hasOwn(checks, type) && (checks[type]?.(message as never) ?? false);
}

function isLevel(value: unknown): boolean {
  return (LEVELS as readonly unknown[]).includes(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSigned({ jobId, jobName }: { jobId: unknown; jobName: unknown }): boolean {
  return isTextOrNothing(jobId) && isTextOrNothing(jobName);
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

import { existsSync } from 'node:fs';
import { CrashError, type CrashReason, ModuleError, NotCloneableError, TimeoutError } from '../errors/errors.js';
import { RUNTIMES_GUIDE } from '../errors/guides.js';
import type { PostMortem } from '../errors/post-mortem.js';
import { messageOf } from '../errors/thrown.js';
import type { JobDefinition } from '../job/definition.js';
import { THREAD } from '../package-files.js';
import { placeOf, stackText } from './post-mortem.js';
import type { Work } from './runner.js';
import type { Slot } from './slot.js';

/** The errors of attempts that did not end by themselves. */

function factsOf(work: Work) {
  return { jobId: work.id, jobName: work.kind.definition.name, attempt: work.attempt };
}

export function timeoutError(work: Work, ranFor: number): TimeoutError {
  const { timeout } = work;
  const { name } = work.kind.definition;
  return new TimeoutError(`${name} timed out after ${timeout} ms`, timeout, ranFor, factsOf(work));
}

/** The job's input could not be cloned on its way to a thread. */
export function notSent(work: Work, cause: unknown): NotCloneableError {
  const { name } = work.kind.definition;
  return new NotCloneableError(`the input of ${name} cannot be sent to a thread: ${messageOf(cause)}`, { cause });
}

/** Writes on a timeout where the job was stuck: in its message, and as its stack. */
export function addPostMortem(error: Error, postMortem: PostMortem): void {
  error.message += placeOf(postMortem);
  error.stack = `${error.name}: ${error.message}${stackText(postMortem)}`;
  if (error instanceof TimeoutError) error.postMortem = postMortem;
}

export function loadTimeoutError({ name, module, loadTimeout }: JobDefinition): ModuleError {
  return new ModuleError(
    `the module of job "${name}" did not finish loading within ${loadTimeout} ms (${module}). Raise its loadTimeout, or see what it waits for.`,
    { jobName: name },
  );
}

/** What is said, for the log, of a module half of whose time to load is over. */
export function slowModule({ name, module, loadTimeout }: JobDefinition): [facts: object, message: string] {
  return [{ job: name, module, loadTimeout }, 'a module has been loading for half its loadTimeout'];
}

/** The thread died while it loaded the job's module. */
export function loadCrashError(work: Work, slot: Slot, exitCode: number): ModuleError {
  const { name, module } = work.kind.definition;
  return new ModuleError(`the module of job "${name}" ended its thread while loading: ${causeOf(slot, exitCode)} (${module})`, {
    ...factsOf(work),
    cause: slot.fatal,
  });
}

/** The thread died under the job. */
export function crashError(work: Work, slot: Pick<Slot, 'fatal'>, exitCode: number): CrashError {
  const reason = crashReason(slot.fatal);
  return new CrashError(`${work.kind.definition.name} ended its thread: ${causeOf(slot, exitCode)}`, reason, exitCode, {
    ...factsOf(work),
    cause: slot.fatal,
  });
}

/** An error that nobody caught, thrown in something the running job had started. */
export function uncaughtError(work: Work, cause: unknown): CrashError {
  const { name } = work.kind.definition;
  return new CrashError(`${name} left an error uncaught: ${messageOf(cause)}`, 'uncaught', 1, { ...factsOf(work), cause });
}

/** The thread did not go on after this job, or said that it had done all, and the job's result never came. */
export function stuckError(work: Work): CrashError {
  const { name } = work.kind.definition;
  return new CrashError(`${name} broke its thread: it ended, but no result came`, 'uncaught', 1, factsOf(work));
}

/** Another job ended the thread while this one ran. */
export function innocentError(work: Work, slot: Slot, exitCode: number): CrashError {
  const { name } = work.kind.definition;
  const text = `${name} was interrupted: something that another job had left behind ended its thread (${causeOf(slot, exitCode)})`;
  return new CrashError(text, crashReason(slot.fatal), exitCode, factsOf(work));
}

/** A job that had ended called `process.exit` in something it had left behind. */
export function lateExitError({ jobName }: { jobName: string | undefined }, exitCode: number): CrashError {
  return new CrashError(`${jobName} called process.exit(${exitCode}) after it had ended`, 'exit', exitCode, { jobName });
}

export function bootError(cause: unknown, exitCode = 1): CrashError {
  const why = cause === undefined ? `it ended with exit code ${exitCode}` : messageOf(cause);
  const bundled = !existsSync(THREAD);
  const check = bundled ? `Was threadmill bundled? It must stay outside: see ${RUNTIMES_GUIDE}.` : 'Check the queue\'s option "worker".';
  return new CrashError(`no thread can be started: ${why}. ${check}`, crashReason(cause), exitCode, {
    cause,
  });
}

function crashReason(fatal: unknown): CrashReason {
  if (fatal === undefined) return 'exit';
  return (fatal as { code?: string } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'out-of-memory' : 'uncaught';
}

function causeOf({ fatal }: Pick<Slot, 'fatal'>, exitCode: number): string {
  const reason = crashReason(fatal);
  if (reason === 'exit') return `process.exit(${exitCode}) was called`;
  return reason === 'out-of-memory' ? 'it ran out of memory' : messageOf(fatal);
}

/**
 * What `threadmill/testing`, `threadmill/opentelemetry`, `threadmill/timeline`, `threadmill/bullmq` and the command may use beyond the public API: the places where a queue's time, chance and
 * threads can be replaced, and the parts that do to a value in this thread what crossing to another does to it.
 */
export { payloadOf } from './adding/intake.js';
export { timesOf } from './adding/schedule-times.js';
export { repeatOptions } from './adding/schedules.js';
export * as checks from './checks/checks.js';
export { deadLetterFilter, letterOf } from './ended/dead-letters.js';
export { attachJob } from './errors/errors.js';
export { messageOf, textOf } from './errors/thrown.js';
export { EVENTS } from './events.js';
export { checkAddOptions } from './job/add-options.js';
export type { Outcome } from './job/attempt.js';
export { cancelled } from './job/cancelled.js';
export { type Carrier, carrierOf } from './job/carrier.js';
export { isDefinition } from './job/definition.js';
export { Job } from './job/job.js';
export { JobKind, type JobOwner, noCounts } from './job/kind.js';
export { Kinds } from './job/kinds.js';
export { checkListOptions } from './job/list-options.js';
export { withLine } from './job/log-lines.js';
export { pack } from './job/payload.js';
export { carry } from './job/rare.js';
export type { JobRecord } from './job/record.js';
export { summary, validate } from './job/validate.js';
export { takesEffect, type Verdict } from './job/verdict.js';
export { Announcer } from './observe/announcer.js';
export { type AttemptObserver, type EndedAttempt, onAttemptEnd } from './observe/attempts.js';
export { listenedBy } from './observe/listened.js';
export { type JobLogger, lineOf, loggerFor, report } from './observe/log.js';
export { sumsOf } from './observe/metrics.js';
export { type Deciding, nextOf } from './observe/next.js';
export { observe } from './observe/observers.js';
export * as packageFiles from './package-files.js';
export { checkQueueOptions, type Seams } from './queue-options.js';
export { crashError, notSent, timeoutError } from './threads/attempt-errors.js';
export type { Source } from './threads/batch.js';
export { Dispatcher } from './threads/dispatcher.js';
export { HandlerContext, type HandlerLink } from './threads/inside/handler-context.js';
export { type Invoker, invoke } from './threads/inside/invoke.js';
export type { JobMessages } from './threads/inside/job-messages.js';
export { notReturned, packOutput } from './threads/inside/output.js';
export { Resources } from './threads/inside/resources.js';
export { movedOf } from './threads/inside/transfer.js';
export { compilerHint, importCompiled } from './threads/inside/typescript.js';
export type {
  AttemptEnd,
  HandlerMessage,
  KillReason,
  Location,
  Reports,
  Runner,
  RunnerOptions,
  ThreadReports,
  ThreadStats,
  Work,
} from './threads/runner.js';
export { Utilization } from './threads/utilization.js';
export { decodeThrown, encodeThrown } from './threads/wire/error-codec.js';
export type { Listened, LogLevel } from './threads/wire/log-levels.js';
export { CELL, CELLS } from './threads/wire/shared-memory.js';
export { Calendar } from './time/calendar.js';
export { type Clock, KeepAlive, realClock, type Timer } from './time/clock.js';
export * as timers from './time/timers.js';

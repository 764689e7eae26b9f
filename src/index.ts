export type { ItemError, MapOptions } from './adding/map.js';
export type { Schedule, ScheduleOptions } from './adding/schedules.js';
export type { CloseOptions } from './closing/close-options.js';
export type { JobSnapshot } from './closing/snapshot.js';
export type { DeadLetter, DeadLetterFilter } from './ended/dead-letters.js';
export {
  CancelledError,
  CrashError,
  type CrashReason,
  type Frame,
  IdempotencyError,
  InputError,
  InputTooLargeError,
  type JobFacts,
  ModuleError,
  NotCloneableError,
  OptionsError,
  OutputError,
  type PostMortem,
  QueueClosedError,
  QueueFullError,
  ThreadmillError,
  TimeoutError,
  UnrecoverableError,
} from './errors.js';
export type { QueueEvent, QueueEvents, ThreadEvent } from './events.js';
export type { AddOptions } from './job/add-options.js';
export type { Attempt, Outcome } from './job/attempt.js';
export type { Backoff } from './job/backoff.js';
export type { JobContext, JobLog } from './job/context.js';
export { defineJob, type InputOf, type JobDefinition, type JobOptions, type OutputOf } from './job/definition.js';
export type { Job } from './job/job.js';
export type { JobState } from './job/state.js';
export { JobQueue } from './job-queue.js';
export type { Explanation, WaitReason } from './observe/explain.js';
export type { QueueLogger } from './observe/log.js';
export type { Durations, JobStats, QueueStats } from './observe/metrics.js';
export type { QueueOptions } from './queue-options.js';
export { transfer } from './threads/inside/transfer.js';
export type { ThreadStats } from './threads/runner.js';

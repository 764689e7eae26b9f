export type { ItemError } from './adding/flow.js';
export type { MapOptions, Settled } from './adding/map.js';
export type { ScheduleOptions } from './adding/schedule-times.js';
export type { RepeatOptions, Schedule } from './adding/schedules.js';
export type {
  AnyAddOptions,
  AnyCloseOptions,
  AnyDeadLetters,
  AnyJob,
  AnyJobQueue,
  AnyQueueEvents,
  AnyRepeatOptions,
  AnySchedule,
  AnyStats,
  Awaitable,
  ListedState,
  Listen,
} from './any-job-queue.js';
export type { CancelFilter } from './closing/cancel.js';
export type { Closed, CloseOptions } from './closing/close.js';
export type { JobSnapshot } from './closing/snapshot.js';
export type { DeadLetterFilter } from './ended/dead-letter-store.js';
export type { DeadLetter, DeadLetters } from './ended/dead-letters.js';
export {
  CancelledError,
  CrashError,
  type CrashReason,
  ExpiredError,
  IdempotencyError,
  InputError,
  InputTooLargeError,
  ModuleError,
  NotCloneableError,
  NotFoundError,
  OptionsError,
  OutputError,
  QueueClosedError,
  QueueFullError,
  RateLimitedError,
  ThreadmillError,
  TimeoutError,
  UnrecoverableError,
} from './errors/errors.js';
export type { Frame, PostMortem } from './errors/post-mortem.js';
export type { QueueEmitter, QueueEvent, QueueEvents, QueueListener, ThreadEvent, ThreadReason } from './events.js';
export type { AddOptions } from './job/add-options.js';
export type { Attempt, Outcome } from './job/attempt.js';
export type { Codec } from './job/codec.js';
export { defineJob } from './job/define-job.js';
export type { Durations } from './job/histogram.js';
export type { Job } from './job/job.js';
export type { Totals } from './job/kind.js';
export type { ListOptions } from './job/list-options.js';
export type { JobState } from './job/state.js';
// Its values are exported by name: a file of values for the two of them would be one more to load.
export type * from './job.js';
export { JobQueue } from './job-queue.js';
export type { Explanation, WaitReason } from './observe/explain.js';
export type { GroupStats, StatsOptions } from './observe/group-stats.js';
export type { QueueLogger } from './observe/log.js';
export type { JobStats, QueueStats } from './observe/metrics.js';
export type { Inspection } from './observe/overview.js';
export type { QueueOptions } from './queue-options.js';
export { transfer } from './threads/inside/transfer.js';
export type { ThreadOptions } from './threads/pool.js';
export type { Recycle } from './threads/recycling.js';
export type { ThreadStats } from './threads/runner.js';

/** What a job file needs, and nothing of the queue: a thread that imports it costs what the file's own modules cost. */
export {
  CancelledError,
  type JobFacts,
  NotCloneableError,
  OutputError,
  RateLimitedError,
  ThreadmillError,
  UnrecoverableError,
} from './errors/errors.js';
export type { Backoff } from './job/backoff.js';
export type { JobContext, JobLog } from './job/context.js';
export { defineJob } from './job/define-job.js';
export type {
  DefinedJob,
  DefineJobOptions,
  HandlerResult,
  InputOf,
  JobDefinition,
  JobOptions,
  OutputOf,
  PlainJobDefinition,
  SetupOptions,
  SharedResource,
} from './job/definition.js';
export type { GroupOptions } from './job/group.js';
export { transfer } from './threads/inside/transfer.js';

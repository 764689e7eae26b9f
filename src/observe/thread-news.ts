import type { JobRecord } from '../job/record.js';
import type { KillReason, Printed, ThreadReports } from '../threads/runner.js';
import type { Announcer } from './announcer.js';
import type { QueueLogger } from './log.js';

/** Passes on what threads do beside running jobs. */
export class ThreadNews implements ThreadReports<JobRecord> {
  readonly #announcer: Announcer;
  readonly #logger: QueueLogger | undefined;

  constructor(announcer: Announcer, logger: QueueLogger | undefined) {
    this.#announcer = announcer;
    this.#logger = logger;
  }

  killed(threadId: number, reason: KillReason, record: JobRecord | undefined): void {
    this.#announcer.announce('thread-killed', { threadId, reason, jobId: record?.id });
  }

  zombie(threadId: number, record: JobRecord | undefined): void {
    this.#announcer.announce('thread-zombie', { threadId, reason: 'native-code', jobId: record?.id });
  }

  trouble(facts: object, message: string): void {
    this.#logger?.warn(facts, message);
  }

  printed(threadId: number, { jobId, jobName: job, level, text }: Printed): void {
    this.#logger?.[level]({ threadId, jobId, job }, text);
  }

  lateError(threadId: number, jobId: string | undefined, error: unknown): void {
    this.#announcer.announce('late-error', { threadId, reason: 'late-error', jobId }, error);
  }
}

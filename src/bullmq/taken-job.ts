import type { Job } from 'bullmq';
import type { Backoff } from '../index.js';
import type * as internals from '../internals.js';
import { inputOf, type JobData, type JobReturn, priorityOf } from './stored.js';

/** What a process found when it took a job. */
interface Found {
  readonly job: Job;
  /** By which Redis knows that it is this attempt that has the lock. */
  readonly token: string;
  readonly kind: internals.JobKind;
  /** Among those that this process took. */
  readonly order: number;
  readonly checkpoint: unknown;
}

/** A job that this process has taken out of Redis, to run one attempt of it. */
export class TakenJob implements internals.Work, internals.Deciding {
  readonly id: string;
  readonly key: string;
  readonly kind: internals.JobKind;
  readonly job: Job;
  readonly token: string;
  readonly order: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly timeout: number;
  readonly priority: number;
  readonly input: unknown;
  readonly metadata: unknown;
  readonly backoff: Backoff;
  readonly transfer: undefined;
  readonly data: JobData;
  checkpoint: unknown;
  /** How often its handler has put it off since an attempt last counted, where it was asked for. */
  putOffs = 0;
  /** Another process may run it by now: nothing that this attempt brings counts. */
  lost = false;
  /** BullMQ is told of its end by one of these. */
  readonly over: Promise<JobReturn>;
  complete!: (returned: JobReturn) => void;
  fail!: (error: unknown) => void;

  /** Throws what the definition's codec throws. */
  constructor({ job, token, kind, order, checkpoint }: Found) {
    const { definition } = kind;
    const data = job.data as JobData;
    this.id = job.id as string;
    this.key = this.id;
    this.kind = kind;
    this.job = job;
    this.token = token;
    this.order = order;
    this.attempt = job.attemptsMade + 1;
    this.maxAttempts = job.opts.attempts || 1;
    this.timeout = data.timeout ?? definition.timeout;
    this.priority = priorityOf(job.priority);
    this.input = inputOf(data, definition.codec);
    this.metadata = data.metadata;
    this.backoff = (data.backoff as Backoff | undefined) ?? definition.backoff;
    this.data = data;
    this.checkpoint = checkpoint;
    this.over = new Promise((resolve, reject) => {
      this.complete = resolve;
      this.fail = reject;
    });
  }
}

/** For errors that speak of it. */
export function factsOf({ id, attempt, kind }: TakenJob): { jobId: string; jobName: string; attempt: number } {
  return { jobId: id, jobName: kind.definition.name, attempt };
}

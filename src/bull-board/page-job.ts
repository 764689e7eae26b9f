import type { QueueJob, QueueJobJson, JobState as Status } from '@bull-board/api/typings/app';
import type { Job, JobQueue, JobState } from '../index.js';
import { attemptText, messageLine } from './failures.js';
import { orRefuse, Refusal } from './refusal.js';
import { type Bounds, isCut, shown } from './shown.js';

/** Our states in BullMQ's words, which have none for a cancelled job. */
const STATUS: Record<JobState, Status> = {
  delayed: 'delayed',
  waiting: 'waiting',
  active: 'active',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'unknown',
};

/** Inputs that the page was given for dead letters, until they are retried. */
const corrections = new WeakMap<Job, unknown>();

/** A job as bull-board wants it. */
export class PageJob implements QueueJob {
  readonly #queue: JobQueue;
  readonly #job: Job;
  readonly #bounds: Bounds;

  constructor(queue: JobQueue, job: Job, bounds: Bounds) {
    this.#queue = queue;
    this.#job = job;
    this.#bounds = bounds;
  }

  get id(): string {
    return this.#job.id;
  }

  get opts(): Record<string, unknown> {
    const { priority, metadata } = this.#job;
    return { ...(priority !== 0 && { priority }), ...(metadata !== undefined && { metadata: this.#shown(metadata) }) };
  }

  async getState(): Promise<Status> {
    return STATUS[this.#job.state];
  }

  toJSON(): QueueJobJson {
    const job = this.#job;
    return {
      id: job.id,
      name: job.name,
      timestamp: job.addedAt,
      processedOn: job.startedAt ?? null,
      processedBy: this.#thread(),
      finishedOn: job.finishedAt ?? null,
      ...this.#delay(),
      progress: (this.#shown(job.progress) ?? 0) as QueueJobJson['progress'],
      attemptsMade: job.attempt,
      failedReason: this.#failedReason(),
      stacktrace: job.attempts.filter(({ outcome }) => outcome !== 'completed').map(attemptText),
      data: this.#shown(corrections.has(job) ? corrections.get(job) : job.input),
      returnvalue: this.#shown(job.output),
      opts: this.opts,
      ...(job.priority > 0 && { priority: job.priority }),
    };
  }

  async promote(): Promise<void> {
    if (!this.#job.promote()) throw new Refusal(`job ${this.id} is not delayed, or the thread of its last attempt has not ended yet`);
  }

  /** An ended job is forgotten; one that lives is cancelled. */
  async remove(): Promise<void> {
    if (this.#queue.admin.forget([this.id]) === 0 && !this.#job.cancel('removed on the page')) {
      throw new Refusal(`job ${this.id} has just ended; remove it again`, 409);
    }
  }

  /** A dead letter is replayed. A failed job that is none, for somebody waited for it and has its error, is added again. */
  async retry(): Promise<void> {
    const job = this.#job;
    if (job.state !== 'failed') throw new Refusal(`job ${job.id} has not failed: it is ${job.state}; "Duplicate" adds it again`);
    const input = corrections.has(job) ? corrections.get(job) : job.input;
    if (this.#queue.deadLetters.get(job.id) !== undefined) {
      await orRefuse(() => this.#queue.deadLetters.replay(job.id, corrections.has(job) ? { input } : {}));
    } else {
      const definition = this.#queue.admin.definitions.find(({ name }) => name === job.name);
      if (definition === undefined) throw new Refusal(`job ${this.id} is of a definition that the queue does not know any more`);
      await orRefuse((signal) => this.#queue.add(definition, input, { priority: job.priority, metadata: job.metadata, signal }));
      this.#queue.admin.forget([job.id]);
    }
    corrections.delete(job);
  }

  /** Another input for a dead letter; its retry gives it to the schema. */
  async updateData(data: unknown): Promise<void> {
    if (this.#job.state !== 'failed')
      throw new Refusal('only the input of a failed job can be changed: it is used when the job is retried');
    if (isCut(data)) throw new Refusal('the page does not show the whole input, so it cannot change it');
    corrections.set(this.#job, data);
  }

  #shown(value: unknown): unknown {
    try {
      return shown(value, this.#bounds);
    } catch (error) {
      return `cannot be shown: ${messageLine(error)}`;
    }
  }

  #thread(): string | null {
    const { id, state, attempts } = this.#job;
    const where = state === 'active' ? this.#queue.explain(id) : undefined;
    const threadId = where && 'threadId' in where ? where.threadId : attempts.at(-1)?.threadId;
    return threadId === undefined ? null : `thread ${threadId}`;
  }

  #delay(): { delay?: number } {
    if (this.#job.state !== 'delayed') return {};
    const where = this.#queue.explain(this.id);
    return where && 'runAt' in where ? { delay: Math.max(0, where.runAt - this.#job.addedAt) } : {};
  }

  #failedReason(): string {
    const { state, error, attempts } = this.#job;
    if (state === 'failed' || state === 'cancelled') return messageLine(error);
    const last = attempts.at(-1);
    return last === undefined || last.outcome === 'completed' ? '' : messageLine(last.error);
  }
}

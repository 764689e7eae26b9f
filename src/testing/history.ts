import type { Job, JobDefinition, JobState, Outcome, QueueEvent } from '../index.js';
import { CancelledError, QueueClosedError } from '../index.js';
import * as internals from '../internals.js';

interface Waiter {
  readonly job: Job;
  readonly state: JobState;
  resolve(): void;
  reject(error: Error): void;
}

/** How many attempts ended in each way. */
export type OutcomeCounts = Record<Outcome, number>;

const FINAL: readonly JobState[] = ['completed', 'failed', 'cancelled'];

/** What has happened to the jobs of a test queue. */
export class History {
  readonly #added: Job[] = [];
  readonly #reached = new Map<string, Set<JobState>>();
  readonly #counted = new Map<string, number>();
  readonly #counts: OutcomeCounts = { completed: 0, failed: 0, 'timed-out': 0, crashed: 0, cancelled: 0, interrupted: 0 };
  readonly #waiters = new Set<Waiter>();
  #told: (() => void)[] = [];

  /** Jobs in the order in which they were accepted. */
  added(definition?: JobDefinition): Job[] {
    return this.#added.filter((job) => definition === undefined || job.name === definition.name);
  }

  get counts(): OutcomeCounts {
    return { ...this.#counts };
  }

  /** Takes note of an event. */
  note(event: QueueEvent, [job]: unknown[]): void {
    if (job instanceof internals.Job) this.#note(event, job);
  }

  #note(event: QueueEvent, job: Job): void {
    if (event === 'added') {
      this.#added.push(job);
      this.#reach(job, job.state);
    } else if (event === 'active') {
      this.#reach(job, 'waiting');
      this.#reach(job, 'active');
    } else if (event === 'retrying' || event === 'completed' || event === 'failed' || event === 'cancelled') {
      this.#count(job, event === 'retrying');
      this.#reach(job, event === 'retrying' ? 'delayed' : event);
    }
    const told = this.#told;
    this.#told = [];
    for (const resolve of told) resolve();
  }

  /** Looks at jobs whose move no event tells of: a delay that is over. */
  look(): void {
    for (const waiter of this.#waiters) if (waiter.job.state === waiter.state) this.#reach(waiter.job, waiter.state);
  }

  /** Resolves when something happens. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#told.push(resolve));
  }

  /** See `TestQueue.waitFor`. */
  waitFor(job: Job, state: JobState): Promise<void> {
    if (job.state === state || this.#reached.get(job.id)?.has(state)) return Promise.resolve();
    if (FINAL.includes(job.state)) return Promise.reject(tooLate(job, state));
    return new Promise((resolve, reject) => {
      this.#waiters.add({ job, state, resolve, reject });
    });
  }

  /** The queue is closed: nothing more will happen. */
  close(): void {
    for (const { job, state, reject } of this.#waiters) {
      reject(new QueueClosedError(`the queue was closed before ${nameOf(job)} was ${state}`, { jobId: job.id, jobName: job.name }));
    }
    this.#waiters.clear();
  }

  #reach(job: Job, state: JobState): void {
    const reached = this.#reached.get(job.id) ?? new Set<JobState>();
    this.#reached.set(job.id, reached.add(state));
    for (const waiter of this.#waiters) {
      if (waiter.job.id !== job.id) continue;
      if (waiter.state === state) waiter.resolve();
      else if (FINAL.includes(state)) waiter.reject(tooLate(job, waiter.state));
      else continue;
      this.#waiters.delete(waiter);
    }
  }

  #count(job: Job, retries: boolean): void {
    const { attempts } = job;
    // A replayed job starts again with none.
    const seen = this.#counted.get(job.id) ?? 0;
    for (const { outcome } of attempts.slice(seen)) this.#counts[outcome]++;
    this.#counted.set(job.id, retries ? attempts.length : 0);
  }
}

function nameOf(job: Job): string {
  return `job ${job.id} (${job.name})`;
}

function tooLate(job: Job, state: JobState): Error {
  const cause = job.error instanceof CancelledError || job.error === undefined ? undefined : job.error;
  return new Error(`${nameOf(job)} is ${job.state}: it will not be ${state}`, { cause });
}

import { setImmediate as turn } from 'node:timers/promises';
import { BaseAdapter } from '@bull-board/api/dist/queueAdapters/base.js';
import type {
  JobCleanStatus,
  JobCounts,
  JobStatus,
  MetricsType,
  ObliterateOptions,
  QueueAdapterOptions,
  QueueJobOptions,
  QueueMetrics,
  QueueWorker,
  Status,
} from '@bull-board/api/typings/app';
import type { AddOptions, Job, JobDefinition, JobQueue, JobState } from '../index.js';
import { formOf } from './form.js';
import { PageJob } from './page-job.js';
import { orRefuse, Refusal } from './refusal.js';
import { IN_LIST, isCut, ON_ITS_PAGE } from './shown.js';
import { threadsOf } from './threads.js';

/** How the page shows the queue. */
export type ThreadmillAdapterOptions = Partial<
  Pick<QueueAdapterOptions, 'readOnlyMode' | 'allowRetries' | 'prefix' | 'description' | 'displayName' | 'delimiter' | 'externalJobUrl'>
>;

/** Most jobs in one answer. */
const MOST = 500;
/** How deep into a list the page can look: reaching a job costs a step for every one before it. */
const DEEPEST = 10_000;
/** Jobs that are changed in one turn of the event loop. */
const AT_ONCE = 1_000;

const STATUSES: JobStatus<'bull'>[] = ['active', 'waiting', 'delayed', 'completed', 'failed'];

/** What the page calls a state when it cleans. */
const STATES: Record<JobCleanStatus, JobState> = {
  wait: 'waiting',
  active: 'active',
  delayed: 'delayed',
  completed: 'completed',
  failed: 'failed',
};

/** The name that the page's form sends when none was typed. */
const NO_NAME = '__default__';

/** A queue on bull-board's page: `createBullBoard({ queues: [new ThreadmillAdapter(queue)], serverAdapter })`. */
export class ThreadmillAdapter extends BaseAdapter {
  readonly #queue: JobQueue;

  constructor(queue: JobQueue, options: ThreadmillAdapterOptions = {}) {
    // The page knows two kinds of queues; of this one it shows nothing that only BullMQ has.
    super('bull', { ...options, allowCompletedRetries: false });
    this.#queue = queue;
  }

  getName(): string {
    return `${this.prefix}${this.#queue.name}`;
  }

  override getDescription(): string {
    return this.description || `Jobs: ${this.#queue.admin.definitions.map(({ name }) => name).join(', ')}`;
  }

  // --- What there is

  getStatuses(): Status[] {
    return ['latest', ...STATUSES];
  }

  getJobStatuses(): JobStatus[] {
    return STATUSES;
  }

  async getJobCounts(): Promise<JobCounts> {
    const { delayed, waiting, active, completed, failed } = this.#queue.stats().counts;
    return { delayed, waiting, active, completed, failed } as JobCounts;
  }

  /** From `start` to `end` of each state. With all states, the cancelled jobs too, which have no list of their own. */
  async getJobs(statuses: JobStatus[], start = 0, end = start + MOST - 1): Promise<PageJob[]> {
    if (start > DEEPEST) return [];
    const limit = Math.min(end - start + 1, MOST);
    const states = STATUSES.filter((status) => statuses.includes(status)) as JobState[];
    if (states.length > 1) states.push('cancelled');
    const jobs = states.flatMap((state) => this.#queue.list(state, { offset: start, limit }));
    return jobs.map((job) => new PageJob(this.#queue, job, IN_LIST));
  }

  async getJob(id: string): Promise<PageJob | undefined> {
    const job = this.#queue.getJob(id);
    return job && new PageJob(this.#queue, job, ON_ITS_PAGE);
  }

  async getJobLogs(id: string): Promise<string[]> {
    return [...(this.#queue.getJob(id)?.logs ?? [])];
  }

  override async getWorkers(): Promise<QueueWorker[]> {
    return threadsOf(this.#queue);
  }

  /** How many in all; there is no count by minute. */
  async getMetrics(type: MetricsType): Promise<QueueMetrics> {
    const count = this.#queue.stats().totals[type];
    return { meta: { count, prevTS: 0, prevCount: 0 }, data: [], count: 0 };
  }

  // --- Adding

  override getJobDataSchema(): Record<string, unknown> | undefined {
    return formOf(this.#queue.admin.definitions);
  }

  async addJob(name: string, data: unknown, { attempts, ...options }: QueueJobOptions & AddOptions): Promise<PageJob> {
    const definition = this.#definition(name);
    if (isCut(data) || isCut(options)) throw new Refusal('the page does not show the whole input of this job, so it cannot add it again');
    const settings = { ...options, ...(attempts !== undefined && { maxAttempts: attempts }) };
    const job = await orRefuse((signal) => this.#queue.add(definition, data, { ...settings, signal }));
    return new PageJob(this.#queue, job, ON_ITS_PAGE);
  }

  #definition(name: string): JobDefinition {
    const known = this.#queue.admin.definitions;
    const wanted = name === NO_NAME || name === '' ? (known.length === 1 ? known[0] : undefined) : known.find((one) => one.name === name);
    if (wanted === undefined) throw new Refusal(`the job's name must be one of ${known.map((one) => one.name).join(', ')}`);
    return wanted;
  }

  // --- Changing

  isPaused(): Promise<boolean> {
    return Promise.resolve(this.#queue.isPaused);
  }

  async pause(): Promise<void> {
    this.#queue.pause();
  }

  async resume(): Promise<void> {
    this.#queue.resume();
  }

  promoteAll(): Promise<void> {
    return this.#inParts('delayed', (jobs) => jobs.filter((job) => job.promote()).length);
  }

  /** Forgets jobs that ended longer ago than `age` ms; cancels those that did not, whatever their age. */
  clean(status: JobCleanStatus, age: number): Promise<void> {
    const state = STATES[status];
    return state === 'completed' || state === 'failed' ? this.#forget(state, Date.now() - age) : this.#cancel(state);
  }

  async empty(): Promise<void> {
    await this.#cancel('waiting');
    await this.#cancel('delayed');
  }

  async obliterate({ force = false }: ObliterateOptions = {}): Promise<void> {
    // The page knows this refusal by its words.
    if (!force && this.#queue.stats().counts.active > 0) throw new Error('Cannot obliterate queue with active jobs');
    await this.empty();
    if (force) await this.#cancel('active');
    for (const state of ['completed', 'failed', 'cancelled'] as const) await this.#forget(state, Number.POSITIVE_INFINITY);
  }

  #cancel(state: JobState): Promise<void> {
    return this.#inParts(state, (jobs) => jobs.filter((job) => job.cancel('removed on the page')).length);
  }

  #forget(state: JobState, before: number): Promise<void> {
    return this.#inParts(state, (jobs) => {
      const old = jobs.filter(({ finishedAt = 0 }) => finishedAt < before);
      return this.#queue.admin.forget(old.map(({ id }) => id));
    });
  }

  /** Calls back with the jobs of a state, so many in a turn of the event loop, past those that it did not take away. */
  async #inParts(state: JobState, takeAway: (jobs: Job[]) => number): Promise<void> {
    for (let kept = 0; ; ) {
      const jobs = this.#queue.list(state, { offset: kept, limit: AT_ONCE });
      kept += jobs.length - takeAway(jobs);
      if (jobs.length < AT_ONCE || kept > DEEPEST) return;
      await turn();
    }
  }

  // --- What this queue does not have

  async getRedisInfo(): Promise<null> {
    return null;
  }

  async getJobSchedulers(): Promise<[]> {
    return [];
  }

  async getJobSchedulersCount(): Promise<number> {
    return 0;
  }

  async removeJobScheduler(): Promise<boolean> {
    return false;
  }

  async updateJobScheduler(): Promise<'not-found'> {
    return 'not-found';
  }

  async runJobSchedulerNow(): Promise<'not-found'> {
    return 'not-found';
  }

  async getGlobalConcurrency(): Promise<null> {
    return null;
  }

  async setGlobalConcurrency(): Promise<void> {
    throw new Refusal('the number of threads is an option of the queue: `new JobQueue({ threads })`');
  }
}

import type { Job, JobType } from 'bullmq';
import { type Attempt, type JobState, type ListedState, OptionsError } from '../index.js';
import { type Connection, FIELDS } from './connection.js';
import type { JobAsRead } from './job.js';
import { unpackV8 } from './json.js';
import {
  attemptOf,
  type CodecOf,
  completedAttempt,
  inputOf,
  type JobData,
  type JobReturn,
  outputOf,
  priorityOf,
  type StoredAttempt,
  type Tombstone,
  unpackError,
} from './stored.js';

/** BullMQ's states that are one of ours; those of waiting jobs in the order in which they run. */
const TYPES: Record<ListedState, JobType[]> = {
  waiting: ['wait', 'prioritized'],
  delayed: ['delayed'],
  active: ['active'],
  completed: ['completed'],
  failed: ['failed'],
};

/** Reads jobs out of Redis. */
export class Reader {
  readonly #connection: Connection;
  readonly #codecOf: CodecOf;

  constructor(connection: Connection, codecOf: CodecOf) {
    this.#connection = connection;
    this.#codecOf = codecOf;
  }

  async facts(id: string): Promise<JobAsRead | undefined> {
    // In this order: of a job that completes between the two, one that was read before has no output.
    const state = await this.#connection.queue.getJobState(id);
    const job = await this.#connection.queue.getJob(id);
    // It may have ended, and gone, between the two.
    if (job === undefined || state === 'unknown') return this.#buried(id);
    return this.factsOf(job, stateOf(state));
  }

  async list(state: ListedState, offset: number, limit: number): Promise<JobAsRead[]> {
    if (!Object.hasOwn(TYPES, state)) {
      throw new OptionsError(`list: expected one of ${Object.keys(TYPES).join(', ')}; given ${String(state)}`);
    }
    if (limit === 0) return [];
    const end = Number.isFinite(limit) ? offset + limit - 1 : -1;
    const jobs = await this.#connection.queue.getJobs(TYPES[state], offset, end, state === 'waiting' || state === 'delayed');
    // What ended in the meantime has left a hole.
    return Promise.all(jobs.filter((job) => job !== undefined).map((job) => this.factsOf(job, state)));
  }

  async factsOf(job: Job, state: JobState): Promise<JobAsRead> {
    return this.#told(job, state, (await this.storedAttempts(job)).map(attemptOf));
  }

  /** Of a job that was added a moment ago: nothing is known of it but what was written. */
  factsOfAdded(job: Job): JobAsRead {
    return this.#told(job, job.opts.delay ? 'delayed' : 'waiting', []);
  }

  #told(job: Job, state: JobState, failed: Attempt[]): JobAsRead {
    const { id = '', name, attemptsMade } = job;
    const data = job.data as JobData;
    const codec = this.#codecOf(name);
    const returned = state === 'completed' ? (job.returnvalue as JobReturn) : undefined;
    return {
      id,
      name,
      input: inputOf(data, codec),
      state,
      attempt: state === 'active' ? attemptsMade + 1 : attemptsMade,
      attempts: returned ? [...failed, completedAttempt(attemptsMade, returned)] : failed,
      progress: progressOf(job.progress),
      priority: priorityOf(job.priority),
      metadata: data.metadata,
      addedAt: job.timestamp,
      finishedAt: job.finishedOn,
      output: returned && outputOf(returned, codec),
      error: state === 'failed' ? errorOf(job, failed) : undefined,
    };
  }

  /** Those that did not complete it, as far as a process lived to write them; the last one before BullMQ has counted it. */
  async storedAttempts({ id = '', attemptsMade }: Job): Promise<StoredAttempt[]> {
    const fields = Array.from({ length: attemptsMade + 1 }, (_, index) => FIELDS.attempt(index + 1));
    const texts = await this.#connection.read(id, fields);
    return texts.filter((text) => text !== null).map((text) => JSON.parse(text) as StoredAttempt);
  }

  async #buried(id: string): Promise<JobAsRead | undefined> {
    const tombstone = await this.#connection.tombstone(id);
    return tombstone && factsOfTombstone(id, tombstone, this.#codecOf);
  }
}

function factsOfTombstone(id: string, tombstone: Tombstone, codecOf: CodecOf): JobAsRead {
  const { state, name, data, attempts, error, addedAt, finishedAt, priority } = tombstone;
  return {
    id,
    name,
    input: inputOf(data, codecOf(name)),
    state,
    attempt: attempts.at(-1)?.number ?? 0,
    attempts: attempts.map(attemptOf),
    progress: undefined,
    priority,
    metadata: data.metadata,
    addedAt,
    finishedAt,
    output: undefined,
    error: unpackError(error),
  };
}

/** Of its last attempt; of one that somebody else ended, what BullMQ says. */
function errorOf(job: Job, attempts: readonly Attempt[]): unknown {
  if (attempts.length >= job.attemptsMade && job.attemptsMade > 0) return attempts.at(-1)?.error;
  return new Error(job.failedReason);
}

function stateOf(state: string): JobState {
  return state === 'prioritized' || state === 'waiting-children' ? 'waiting' : (state as JobState);
}

/** BullMQ has 0 where nothing was told; what JSON would have changed is told as V8 has it. */
function progressOf(progress: unknown): unknown {
  if (progress === 0) return undefined;
  const { threadmill } = (progress ?? {}) as { threadmill?: unknown };
  return typeof threadmill === 'string' ? unpackV8(threadmill) : progress;
}

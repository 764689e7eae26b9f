import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Outcome } from '../index.js';
import * as internals from '../internals.js';
import { type Connection, FIELDS } from './connection.js';
import { store } from './json.js';
import type { RemoteEvents } from './remote-events.js';
import { type JobReturn, packError, type StoredAttempt, type Tombstone, tombstoneOf, unpackError } from './stored.js';
import type { TakenJob } from './taken-job.js';

/** An attempt failed, and another follows after so many milliseconds. */
export class RetryIn extends Error {
  constructor(
    message: string,
    readonly delay: number,
  ) {
    super(message);
  }
}

/** What stands in Redis of an attempt that did not complete its job. */
export interface Ended {
  readonly outcome: Outcome;
  readonly error: unknown;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly duration: number;
  readonly threadId: number;
}

/** Writes to Redis how an attempt ended, and gives what BullMQ must hear of it, to be thrown. */
export class Endings {
  readonly #connection: Connection;
  readonly #events: RemoteEvents;

  constructor(connection: Connection, events: RemoteEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  /** What stands in Redis of a completed job. Rejects with what its codec throws, which is its failure. */
  async completed(taken: TakenJob, output: unknown, ran: JobReturn['ran']): Promise<JobReturn> {
    const returned = { output: store(output, taken.kind.definition.codec), ran };
    const { job, data } = taken;
    // BullMQ drops the key of a job that ended, unless it has a time of its own.
    if (job.deduplicationId !== undefined && data.keyTtl !== undefined) {
      await this.#connection.redis.pexpire(this.#connection.keyOf(`de:${job.deduplicationId}`), Math.ceil(data.keyTtl));
    }
    return returned;
  }

  /** Another attempt follows, unless the job was cancelled meanwhile. */
  async retried(taken: TakenJob, end: Ended, delay: number): Promise<unknown> {
    const cancelled = await this.#note(taken, end);
    if (cancelled !== undefined) return this.cancelled(taken, cancelled);
    await this.#events.publish('retrying', { jobId: taken.id, attempt: taken.attempt, delay });
    return withStack(new RetryIn(internals.messageOf(end.error), delay), end.error);
  }

  /** Failed for good. */
  async failed(taken: TakenJob, end: Ended): Promise<unknown> {
    await this.#note(taken, end);
    if (taken.data.noDeadLetter) await this.#bury(taken, 'failed', end.error, storedOf(taken, end));
    return withStack(new UnrecoverableError(internals.messageOf(end.error)), end.error);
  }

  async cancelled(taken: TakenJob, error: Error, end?: Ended): Promise<unknown> {
    await this.#bury(taken, 'cancelled', error, end && storedOf(taken, end));
    return new UnrecoverableError(error.message);
  }

  /** Comes back later; the attempt does not count. */
  async putOff({ job, token }: Pick<TakenJob, 'job' | 'token'>, delay: number): Promise<unknown> {
    await job.moveToDelayed(internals.timers.dateNow() + delay, token);
    return new DelayedError();
  }

  /** Nothing of the queue starts for so long; the attempt does not count. The job is put off, for that wakes workers when it is over. */
  async limited(taken: TakenJob, delay: number): Promise<unknown> {
    await this.#connection.queue.rateLimit(Math.ceil(delay));
    return this.putOff(taken, delay);
  }

  /** Others may have it; nothing is wrong with it. */
  async returned({ id, job, token }: TakenJob): Promise<unknown> {
    if (job.stalledCounter > 0) await this.#connection.write(id, token, { [FIELDS.suspicions]: '0' });
    await job.moveToWait(token);
    return new WaitingError();
  }

  /** How often the job was put off in a row, before now. */
  async putOffs({ id }: TakenJob): Promise<number> {
    return (await this.#connection.count(id, FIELDS.putOffs)) - 1;
  }

  /** Gives the error of who cancelled the job while this attempt ran, where somebody did. */
  async #note(taken: TakenJob, end: Ended): Promise<Error | undefined> {
    const { id, token, attempt } = taken;
    const fields = { [FIELDS.attempt(attempt)]: JSON.stringify(storedOf(taken, end)), [FIELDS.putOffs]: '0', [FIELDS.suspicions]: '0' };
    const cancel = await this.#connection.write(id, token, fields);
    return typeof cancel === 'string' ? internals.cancelled(taken, unpackError(cancel)) : undefined;
  }

  async #bury(taken: TakenJob, state: Tombstone['state'], error: unknown, last: StoredAttempt | undefined): Promise<void> {
    const { id, job, attempt } = taken;
    const earlier = await this.#connection.read(
      id,
      Array.from({ length: attempt - 1 }, (_, index) => FIELDS.attempt(index + 1)),
    );
    const attempts = earlier.filter((text) => text !== null).map((text) => JSON.parse(text) as StoredAttempt);
    const all = last === undefined ? attempts : [...attempts, last];
    await this.#connection.bury(id, tombstoneOf(job, state, all, error));
    // BullMQ keeps nothing of it: it is no dead letter.
    job.opts.removeOnFail = true;
  }
}

function storedOf({ attempt: number }: TakenJob, { error, ...rest }: Ended): StoredAttempt {
  return { number, ...rest, error: packError(error) };
}

/** BullMQ shows the stack of what it is thrown. */
function withStack<Thrown extends Error>(thrown: Thrown, error: unknown): Thrown {
  if (error instanceof Error && typeof error.stack === 'string') thrown.stack = error.stack;
  return thrown;
}

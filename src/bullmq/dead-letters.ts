import type { Job } from 'bullmq';
import { type AnyDeadLetters, type DeadLetter, type DeadLetterFilter, type ListOptions, NotFoundError, OptionsError } from '../index.js';
import * as internals from '../internals.js';
import { type Connection, FIELDS } from './connection.js';
import { BullMQJob, type JobCommands } from './job.js';
import type { Reader } from './reader.js';

/** Letters that are read at once. */
const PAGE = 200;

/** Gives what replaces the input of a letter: what `add` would write. Rejects as `add` does. */
type Rewrite = (name: string, input: unknown) => Promise<unknown>;

/** The jobs that failed for good: BullMQ's failed set. */
export class BullMQDeadLetters implements AnyDeadLetters {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #commands: JobCommands;
  readonly #rewrite: Rewrite;

  /** @internal Made by the queue. */
  constructor(connection: Connection, reader: Reader, commands: JobCommands, rewrite: Rewrite) {
    this.#connection = connection;
    this.#reader = reader;
    this.#commands = commands;
    this.#rewrite = rewrite;
  }

  /** How many there are. */
  get size(): Promise<number> {
    return this.#connection.queue.getFailedCount();
  }

  /** Newest first; those of one definition when `name` is given, for which all are read. Limit 100 by default. */
  async list({ name, ...part }: ListOptions & { name?: string } = {}): Promise<DeadLetter[]> {
    const { offset, limit } = internals.checkListOptions(part, 'deadLetters.list');
    if (name === undefined && Number.isFinite(limit)) {
      if (limit === 0) return [];
      const jobs = await this.#connection.queue.getFailed(offset, offset + limit - 1);
      return Promise.all(jobs.map((job) => this.#letterOf(job)));
    }
    const found: Job[] = [];
    for await (const job of this.#all()) {
      if (name !== undefined && job.name !== name) continue;
      if (found.push(job) >= offset + limit) break;
    }
    return Promise.all(found.slice(offset).map((job) => this.#letterOf(job)));
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    const job = await this.#named(id);
    return job && this.#letterOf(job);
  }

  /**
   * Runs a dead letter again, from attempt 1 and under the same id; with `input`, on another input. With a filter: all that match,
   * one after the other. Rejects with `NotFoundError`, `OptionsError`, and with what `add` rejects with on a bad input.
   */
  replay(id: string, change?: { input?: unknown }): Promise<BullMQJob>;
  replay(filter: DeadLetterFilter): Promise<BullMQJob[]>;
  async replay(which: string | DeadLetterFilter, change?: { input?: unknown }): Promise<BullMQJob | BullMQJob[]> {
    if (typeof which === 'string') {
      const job = await this.#named(which);
      if (job === undefined) throw new NotFoundError(`there is no dead letter with the id "${which}"; deadLetters.list() shows them`);
      return this.#replay(job, change ?? {});
    }
    if (change !== undefined) {
      throw new OptionsError('deadLetters.replay: a filter takes no input; each dead letter has its own. Replay by id to change it.');
    }
    const replayed: BullMQJob[] = [];
    for (const job of await this.#matching(which, 'deadLetters.replay')) replayed.push(await this.#replay(job, {}));
    return replayed;
  }

  /** Forgets dead letters; gives how many. */
  async remove(which: string | DeadLetterFilter): Promise<number> {
    const one = typeof which === 'string' ? await this.#named(which) : undefined;
    const jobs = typeof which === 'string' ? (one === undefined ? [] : [one]) : await this.#matching(which, 'deadLetters.remove');
    for (const job of jobs) await job.remove();
    return jobs.length;
  }

  async #replay(job: Job, change: { input?: unknown }): Promise<BullMQJob> {
    const id = job.id as string;
    if (Object.hasOwn(change, 'input')) await job.updateData({ ...job.data, input: await this.#rewrite(job.name, change.input) });
    const attempts = Array.from({ length: job.attemptsMade }, (_, index) => FIELDS.attempt(index + 1));
    await this.#connection.forget(id, [FIELDS.checkpoint, FIELDS.cancel, FIELDS.putOffs, FIELDS.suspicions, 'stc', ...attempts]);
    await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
    const facts = await this.#reader.facts(id);
    if (facts === undefined) throw new NotFoundError(`the dead letter ${id} has gone`);
    return new BullMQJob(facts, this.#commands);
  }

  async #named(id: string): Promise<Job | undefined> {
    const job = await this.#connection.queue.getJob(id);
    return job !== undefined && (await job.isFailed()) ? job : undefined;
  }

  /** Oldest first. */
  async #matching(filter: DeadLetterFilter, where: string): Promise<Job[]> {
    const { name, before, limit = Number.POSITIVE_INFINITY } = internals.checks.checked(internals.deadLetterFilter, filter, where);
    const found: Job[] = [];
    for await (const job of this.#all(true)) {
      if (found.length >= limit) break;
      if (name !== undefined && job.name !== name) continue;
      if (before === undefined || (job.finishedOn ?? 0) < Number(before)) found.push(job);
    }
    return found;
  }

  async *#all(oldestFirst = false): AsyncGenerator<Job> {
    for (let at = 0; ; at += PAGE) {
      const jobs = await this.#connection.queue.getJobs(['failed'], at, at + PAGE - 1, oldestFirst);
      yield* jobs.filter((job) => job !== undefined);
      if (jobs.length < PAGE) return;
    }
  }

  async #letterOf(job: Job): Promise<DeadLetter> {
    return internals.letterOf(await this.#reader.factsOf(job, 'failed'));
  }
}

import { isDeepStrictEqual } from 'node:util';
import type { Job } from 'bullmq';
import { type AnyAddOptions, CancelledError, IdempotencyError, type JobDefinition, OptionsError, QueueClosedError } from '../index.js';
import * as internals from '../internals.js';
import { AddSettings, type JobToAdd } from './add-settings.js';
import type { Cancels } from './cancels.js';
import type { Connection } from './connection.js';
import { BullMQJob, type JobCommands } from './job.js';
import type { CheckedBullMQOptions } from './options.js';
import type { Reader } from './reader.js';
import type { Results } from './results.js';
import type { JobData } from './stored.js';

/** What a producer needs of its queue. */
interface Parts {
  readonly options: CheckedBullMQOptions;
  readonly connection: Connection;
  readonly reader: Reader;
  readonly results: Results;
  readonly cancels: Cancels;
  readonly kinds: internals.Kinds;
  readonly commands: JobCommands;
}

/** Puts jobs into Redis. */
export class Producer {
  readonly #parts: Parts;
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  close(): void {
    this.#closed = true;
  }

  async add(definition: JobDefinition, input: unknown, options: AnyAddOptions): Promise<BullMQJob> {
    const settings = this.settingsOf(definition, options, false);
    const job = await this.#enter(definition, await this.toAdd(definition, input, settings), settings);
    this.#cancelOn(settings.signal, job);
    return job;
  }

  async run(definition: JobDefinition, input: unknown, options: AnyAddOptions): Promise<unknown> {
    const settings = this.settingsOf(definition, options, true);
    const job = await this.toAdd(definition, input, settings);
    let unheard: (() => void) | undefined;
    const add = async () => {
      const added = await this.#enter(definition, job, settings);
      unheard = this.#cancelOn(settings.signal, added);
      return added;
    };
    return this.#parts.results.ofAdded(job.opts.jobId, definition.name, add).finally(() => unheard?.());
  }

  async addBulk(definition: JobDefinition, inputs: Iterable<unknown>, options: AnyAddOptions): Promise<BullMQJob[]> {
    const settings = this.settingsOf(definition, options, false);
    if (options.idempotencyKey !== undefined) {
      throw new OptionsError(`addBulk(${definition.name}): "idempotencyKey" belongs to one job; use add`);
    }
    const jobs: JobToAdd[] = [];
    for (const input of inputs) jobs.push(await this.toAdd(definition, input, settings, `inputs[${jobs.length}]`));
    if (jobs.length === 0) return [];
    this.#refuseClosed(definition);
    const added = await this.#parts.connection.queue.addBulk(jobs as never);
    this.#count(definition, added.length);
    const handles = added.map((job) => this.#handleOf(job));
    for (const handle of handles) this.#cancelOn(settings.signal, handle);
    return handles;
  }

  /** What is added for an input; `root` names it in messages. Rejects as `JobQueue.add` does. */
  async toAdd(definition: JobDefinition, input: unknown, settings: AddSettings, root = 'input'): Promise<JobToAdd> {
    const checked = await internals.validate(definition.input, input);
    const value = internals.payloadOf(definition, checked, root, this.#parts.options.maxInputBytes);
    return settings.jobOf(settings.written(value, root));
  }

  settingsOf(definition: JobDefinition, options: AnyAddOptions, awaited: boolean): AddSettings {
    this.#refuseClosed(definition);
    this.#parts.kinds.of(definition);
    const { maxInputBytes, idempotency } = this.#parts.options;
    const settings = new AddSettings(definition, options, awaited, maxInputBytes, idempotency.ttl);
    if (!options.signal?.aborted) return settings;
    throw new CancelledError(`${definition.name} was cancelled before it was added`, options.signal.reason, { jobName: definition.name });
  }

  async #enter(definition: JobDefinition, job: JobToAdd, settings: AddSettings): Promise<BullMQJob> {
    this.#refuseClosed(definition);
    const { queue } = this.#parts.connection;
    if (settings.deduplicationId !== undefined && settings.onDuplicate === 'replace') await this.#makeWay(settings.deduplicationId);
    const added = await queue.add(job.name, job.data, job.opts);
    if (added.id !== job.opts.jobId) return this.#known(added.id as string, definition, job, settings);
    this.#count(definition, 1);
    return this.#handleOf(added);
  }

  /** The key stands for another job. */
  async #known(id: string, definition: JobDefinition, { data }: JobToAdd, settings: AddSettings): Promise<BullMQJob> {
    const { name: jobName } = definition;
    const facts = await this.#parts.reader.facts(id);
    if (settings.onDuplicate === 'reject') {
      throw new IdempotencyError(`the idempotencyKey of job "${jobName}" stands for job ${id} already`, { jobId: id, jobName });
    }
    const other = (await this.#parts.connection.queue.getJob(id))?.data as JobData | undefined;
    if (settings.onDuplicate === 'join' && other !== undefined && !isDeepStrictEqual(other.input, asRead(data.input))) {
      throw new IdempotencyError(`the idempotencyKey of job "${jobName}" stands for job ${id}, which has another input`, {
        jobId: id,
        jobName,
      });
    }
    this.#parts.kinds.of(definition).totals.deduplicated++;
    const gone = { state: 'completed', attempt: 0, attempts: [], priority: 0, addedAt: 0 } as const;
    const unknown = { progress: undefined, metadata: undefined, finishedAt: undefined, output: undefined, error: undefined };
    return new BullMQJob(facts ?? { ...gone, ...unknown, id, name: jobName, input: data.input }, this.#parts.commands, true);
  }

  /** A job that waits leaves its key to a newer one; one that runs or has completed keeps on, without it. */
  async #makeWay(deduplicationId: string): Promise<void> {
    const { queue } = this.#parts.connection;
    const id = await queue.getDeduplicationJobId(deduplicationId);
    if (id === null) return;
    const state = await queue.getJobState(id);
    if (state === 'waiting' || state === 'prioritized' || state === 'delayed')
      await this.#parts.cancels.cancel(id, 'replaced by a newer job');
    await queue.removeDeduplicationKey(deduplicationId);
  }

  #handleOf(job: Job): BullMQJob {
    return new BullMQJob(this.#parts.reader.factsOfAdded(job), this.#parts.commands);
  }

  /** Gives what takes the listener away again. */
  #cancelOn(signal: AbortSignal | undefined, job: BullMQJob): () => void {
    if (signal === undefined) return () => {};
    const cancel = () => void job.cancel(signal.reason).catch(() => {});
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return () => signal.removeEventListener('abort', cancel);
  }

  #count(definition: JobDefinition, jobs: number): void {
    this.#parts.kinds.of(definition).totals.added += jobs;
  }

  #refuseClosed(definition: JobDefinition): void {
    if (!this.#closed) return;
    const { name } = this.#parts.options;
    throw new QueueClosedError(`the queue "${name}" is closed: it takes no more jobs`, { jobName: definition?.name });
  }
}

/** As it comes back from Redis. */
function asRead(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value) ?? 'null');
}

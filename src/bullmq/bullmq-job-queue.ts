import { EventEmitter } from 'node:events';
import {
  type AnyAddOptions,
  type AnyCloseOptions,
  type AnyJobQueue,
  type AnyQueueEvents,
  type AnyRepeatOptions,
  type AnyStats,
  type JobDefinition,
  type JobSnapshot,
  type ListedState,
  type ListOptions,
  OptionsError,
  type ScheduleOptions,
} from '../index.js';
import * as internals from '../internals.js';
import { Calls } from './calls.js';
import { Cancels } from './cancels.js';
import { Connection } from './connection.js';
import { BullMQDeadLetters } from './dead-letters.js';
import { BullMQJob, type JobCommands } from './job.js';
import { News } from './news.js';
import { type BullMQJobQueueOptions, checkBullMQOptions } from './options.js';
import { Producer } from './producer.js';
import { Reader } from './reader.js';
import { RemoteEvents } from './remote-events.js';
import { Results } from './results.js';
import { BullMQSchedule, nextTime } from './schedules.js';
import { CLOSE_TIMEOUT, within } from './within.js';
import { JobWorker } from './worker.js';

/**
 * A job queue whose jobs are in Redis, kept by BullMQ: they survive the process, and many processes on many machines run them.
 * The same definitions as with `JobQueue`, and each attempt runs on threads of ours: limits kill, and say where. What differs is
 * written in the guide, `examples/scale-out`. Events tell what happens in all processes, those of threads what happens here.
 */
export class BullMQJobQueue extends EventEmitter<AnyQueueEvents> implements AnyJobQueue {
  readonly name: string;
  /** The jobs that failed for good. */
  readonly deadLetters: BullMQDeadLetters;
  readonly #connection: Connection;
  readonly #kinds: internals.Kinds;
  readonly #reader: Reader;
  readonly #events: RemoteEvents;
  readonly #results: Results;
  readonly #cancels: Cancels;
  readonly #producer: Producer;
  readonly #worker: JobWorker | undefined;
  readonly #commands: JobCommands;
  readonly #calls = new Calls();
  #closed: Promise<{ unfinished: JobSnapshot[] }> | undefined;

  /** Throws `OptionsError` when an option is wrong or unknown. */
  constructor(options: BullMQJobQueueOptions) {
    super();
    const checked = checkBullMQOptions(options);
    this.name = checked.name;
    const logger = internals.loggerFor(checked.logger, checked.name, checked.logMetadata);
    const failed = (error: unknown) => logger?.warn({ err: error }, 'Redis, or BullMQ, has a problem');
    this.#connection = new Connection(checked, { repeatStrategy: nextTime }, failed);
    this.#kinds = new internals.Kinds(NO_OWNER, internals.noCounts());
    for (const definition of checked.jobs) this.#kinds.of(definition);
    const codecOf = (name: string) => this.#kinds.named(name)?.definition.codec;
    this.#reader = new Reader(this.#connection, codecOf);
    this.#events = new RemoteEvents(this.#connection, failed);
    this.#results = new Results(this.#events, this.#reader, codecOf);
    this.#cancels = new Cancels(this.#connection, this.#reader, failed);
    this.#commands = {
      resultOf: async (id, name) => this.#results.of(id, name),
      cancel: (id, reason) => this.#cancels.cancel(id, reason),
      promote: (id) => this.#promote(id),
      logs: async (id) => (await this.#connection.queue.getJobLogs(id)).logs,
    };
    const parts = { options: checked, connection: this.#connection, reader: this.#reader, logger, failed, commands: this.#commands };
    const news = new News(this as never, this.#events, { name: checked.name, ...parts });
    this.#producer = new Producer({ ...parts, results: this.#results, cancels: this.#cancels, kinds: this.#kinds });
    this.deadLetters = new BullMQDeadLetters(this.#connection, this.#reader, this.#commands, (name, input) => this.#rewrite(name, input));
    if (checked.role === 'producer') return;
    this.#worker = new JobWorker({ ...parts, events: this.#events, cancels: this.#cancels, kinds: this.#kinds, threads: news });
  }

  // --- Adding

  /** Adds a job. Resolves when it is in Redis. Rejects as `JobQueue.add` does; `NotCloneableError` names what of the input is no JSON. */
  add<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    options: AnyAddOptions = {},
  ): Promise<BullMQJob<Parsed, Output>> {
    return this.#calls.make(() => this.#producer.add(definition, input, options)) as Promise<BullMQJob<Parsed, Output>>;
  }

  /** Adds a job and resolves with its output, from whichever process. Rejects as `add` does, and with the error of its last attempt. */
  run<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input: Input, options: AnyAddOptions = {}): Promise<Output> {
    return this.#calls.make(() => this.#producer.run(definition, input, options)) as Promise<Output>;
  }

  /** Adds many jobs in one transaction: all or none. */
  addBulk<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    inputs: Iterable<Input>,
    options: AnyAddOptions = {},
  ): Promise<BullMQJob<Parsed, Output>[]> {
    return this.#calls.make(() => this.#producer.addBulk(definition, inputs, options)) as Promise<BullMQJob<Parsed, Output>[]>;
  }

  /**
   * Adds a job again and again. The schedule is in Redis and outlives this process: there is one of each definition, and calling this again
   * changes it, so every process may call it when it starts. Without `overlap` a run is left out while one before it runs, anywhere.
   */
  async schedule<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    when: ScheduleOptions,
    options: AnyRepeatOptions = {},
  ): Promise<BullMQSchedule> {
    const { repeat, ofJobs } = internals.repeatOptions(options, `schedule(${definition.name})`);
    const settings = this.#producer.settingsOf(definition, ofJobs as AnyAddOptions, false);
    const job = await this.#producer.toAdd(definition, input, settings);
    const data = repeat.overlap ? job.data : { ...job.data, alone: true as const };
    return BullMQSchedule.start(this.#connection, definition, when, repeat, { ...job, data }, () =>
      this.add(definition, input, ofJobs as AnyAddOptions),
    );
  }

  // --- Reading

  /** The job, as it is now; `undefined` when it is not known, or no longer kept. */
  async getJob(id: string): Promise<BullMQJob | undefined> {
    const facts = await this.#reader.facts(id);
    return facts && new BullMQJob(facts, this.#commands);
  }

  /** Jobs in a state: waiting ones in about the order in which they will run, ended ones newest first. Limit 100 by default. */
  async list(state: ListedState, options: ListOptions = {}): Promise<BullMQJob[]> {
    const { offset, limit } = internals.checkListOptions(options, 'list');
    return (await this.#reader.list(state, offset, limit)).map((facts) => new BullMQJob(facts, this.#commands));
  }

  /** Counts of the whole queue; totals, times and threads of this process, since it began. */
  async stats(): Promise<AnyStats> {
    const {
      wait = 0,
      prioritized = 0,
      ...rest
    } = await this.#connection.queue.getJobCounts('wait', 'prioritized', 'delayed', 'active', 'completed', 'failed');
    const counts = { ...internals.noCounts(), ...rest, waiting: wait + prioritized };
    const threads = this.#worker?.runner.stats ?? { size: 0, busy: 0, starting: 0, zombies: 0, killed: 0, utilization: 0 };
    const { totals, waitTime, runTime } = internals.sumsOf(this.#kinds);
    return { counts, totals, threads, waitTime, runTime };
  }

  // --- Pausing and ending

  /** No process starts jobs of the queue; active ones go on. */
  pause(): Promise<void> {
    return this.#connection.queue.pause();
  }

  resume(): Promise<void> {
    return this.#connection.queue.resume();
  }

  get isPaused(): Promise<boolean> {
    return this.#connection.queue.isPaused();
  }

  /** Resolves when Redis is there, and the threads have booted and loaded `jobs`. */
  async ready(): Promise<void> {
    await this.#connection.queue.waitUntilReady();
    await this.#worker?.ready();
  }

  /**
   * Takes no more jobs, and waits for those that run here; at the deadline their threads are terminated and others may have
   * them. What waits stays in Redis, and so does what was taken and no thread has: nothing is unfinished. Who waits here for a
   * job that has not ended gets `QueueClosedError`.
   */
  close({ drain = 'active', timeout = 30_000 }: AnyCloseOptions = {}): Promise<{ unfinished: JobSnapshot[] }> {
    this.#closed ??= this.#close(drain, timeout);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }

  async #close(drain: 'active' | 'none', timeout: number): Promise<{ unfinished: JobSnapshot[] }> {
    this.#producer.close();
    await this.#worker?.close(drain, timeout);
    await this.#results.close();
    this.#cancels.close();
    await within(CLOSE_TIMEOUT, Promise.all([this.#events.close(), this.#connection.queue.close()]));
    this.#connection.redis.disconnect();
    this.#calls.close(this.name);
    return { unfinished: [] };
  }

  async #promote(id: string): Promise<boolean> {
    const job = await this.#connection.queue.getJob(id);
    if (job === undefined || !(await job.isDelayed())) return false;
    await job.promote();
    return true;
  }

  /** What is written for another input of a job. */
  async #rewrite(name: string, input: unknown): Promise<unknown> {
    const definition = this.#kinds.named(name)?.definition;
    if (definition === undefined) throw unknownDefinition(name);
    const settings = this.#producer.settingsOf(definition, {}, false);
    return (await this.#producer.toAdd(definition, input, settings)).data.input;
  }
}

/** Jobs in Redis have no owner here. */
const NO_OWNER: internals.JobOwner = {
  idPrefix: '',
  waitingBytes: 0,
  watcher: undefined,
  cancel: () => false,
  promote: () => false,
  startedAt: () => undefined,
  dateOf: (now) => now,
  exactDateOf: (now) => now,
};

function unknownDefinition(name: string): OptionsError {
  return new OptionsError(`deadLetters.replay: the definition "${name}" is not known here; name it in the option "jobs"`);
}

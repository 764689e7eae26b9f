import { FOR_JOB, FOR_OUTPUT } from './adding/asking.js';
import { type MapOptions, mapThrough, type Settled } from './adding/map.js';
import type { ScheduleOptions } from './adding/schedule-times.js';
import { type RepeatOptions, repeatOptions, type Schedule } from './adding/schedules.js';
import type { AnyJobQueue } from './any-job-queue.js';
import { type CancelFilter, cancelMatching } from './closing/cancel.js';
import type { Closed, CloseOptions } from './closing/close.js';
import { restore } from './closing/restore.js';
import type { JobSnapshot } from './closing/snapshot.js';
import type { DeadLetters } from './ended/dead-letters.js';
import { QueueEmitter } from './events.js';
import { type AddOptions, checkAddOptions } from './job/add-options.js';
import type { JobDefinition } from './job/definition.js';
import type { Job } from './job/job.js';
import type { ListOptions } from './job/list-options.js';
import type { JobState } from './job/state.js';
import type { Admin } from './observe/admin.js';
import type { Explanation } from './observe/explain.js';
import type { StatsOptions } from './observe/group-stats.js';
import { logEvents, report } from './observe/log.js';
import { type QueueStats, queueStats } from './observe/metrics.js';
import type { Inspection } from './observe/overview.js';
import { checkQueueOptions, type QueueOptions, type Seams } from './queue-options.js';
import { KeepAlive } from './time/clock.js';
import { wire } from './wiring.js';

/**
 * An in-process job queue: see the README for the life of a job, which `lifecycle.ts` follows from top to bottom.
 * Emits {@link QueueEvents}. Listeners cannot do harm: one that throws, or rejects, is logged, and the others are called
 * all the same; they may call anything, for they are called when what they are told of is complete.
 */
export class JobQueue extends QueueEmitter implements AnyJobQueue {
  readonly name: string;
  /** The jobs that failed for good. */
  readonly deadLetters: DeadLetters;
  readonly #parts: ReturnType<typeof wire>;

  /** Throws `OptionsError` when an option is wrong or unknown. Its threads start at once. */
  constructor(options?: QueueOptions);
  /** @internal What a test queue replaces. */
  constructor(options: QueueOptions, seams: Seams);
  constructor(options: QueueOptions = {}, seams: Seams = {}) {
    super();
    const checked = checkQueueOptions(options);
    this.name = checked.name;
    this.#parts = wire(this, checked, seams);
    this.deadLetters = this.#parts.deadLetters;
    if (this.#parts.logger) logEvents(this, this.#parts.logger);
  }

  // --- Adding

  /**
   * Adds a job. Resolves with it when it is accepted: its input has passed the schema, and there is room.
   * Rejects with `InputError`, `NotCloneableError`, `InputTooLargeError`, `QueueFullError`, `QueueClosedError`,
   * `IdempotencyError`, `OptionsError`, or `CancelledError` when `signal` is aborted already.
   */
  add<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    options?: AddOptions,
  ): Promise<Job<Parsed, Output>> {
    return this.#parts.intake.accept(definition, input, options, FOR_JOB) as Promise<Job<Parsed, Output>>;
  }

  /**
   * Adds a job and resolves with its output. Rejects as `add` does, and with the error of its last attempt. Who calls gets
   * the error: so it has one attempt and is no dead letter, unless `maxAttempts` or `deadLetter` say otherwise.
   */
  run<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input: Input, options?: AddOptions): Promise<Output> {
    return this.#parts.intake.accept(definition, input, options, FOR_OUTPUT) as Promise<Output>;
  }

  /**
   * Adds many jobs, all or none: one invalid input refuses the whole call, and the error says which. Rejects as `add` does, and
   * with `OptionsError` when `options` has an `idempotencyKey` or `transfer`, which belong to one job. Others have their turn
   * meanwhile, also jobs of it that are in.
   */
  addBulk<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    inputs: Iterable<Input>,
    options?: AddOptions,
  ): Promise<Job<Parsed, Output>[]> {
    return this.#parts.intake.acceptAll(definition, inputs, options) as Promise<Job<Parsed, Output>[]>;
  }

  /**
   * Runs every item of a source as a job, and yields the outputs. Reads no more than `concurrency` items ahead of the
   * consumer, so a source of any length needs constant memory. Breaking off cancels what is left and closes the source.
   * A failing item throws the error of its job, with `index` and `input` on it (`ItemError`), when its turn comes; with
   * `settled`, every item is told of, and it goes on until the queue is closed.
   * Throws `OptionsError`; nothing is read before the first item is asked for.
   */
  map<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    source: Iterable<Input> | AsyncIterable<Input>,
    options: MapOptions & { settled: true },
  ): AsyncGenerator<Settled<Input, Output>, void, undefined>;
  map<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    source: Iterable<Input> | AsyncIterable<Input>,
    options?: MapOptions & { settled?: false | undefined },
  ): AsyncGenerator<Output, void, undefined>;
  map<Input>(
    definition: JobDefinition<Input>,
    source: Iterable<Input> | AsyncIterable<Input>,
    options: MapOptions = {},
  ): AsyncGenerator<unknown, void, undefined> {
    const known = this.#parts.register.kinds.of(definition).definition;
    const { threads, maxBatch, maxWaiting } = this.#parts.options;
    const concurrency = Math.min(2 * threads * maxBatch, Math.max(maxWaiting, threads));
    return mapThrough(known, source, options, concurrency, (input, settings) => this.run(definition, input, settings));
  }

  /**
   * Adds a job again and again: by a cron pattern, or every so many milliseconds, the first time after that long. A
   * run that still waits or runs when the next is due is not added twice, unless `overlap`. A run that cannot be added, such as
   * when the queue is full, is logged. Keeps the process alive, as `setInterval` does, until `stop()` or `close()`, or its last run.
   * Throws `OptionsError`, and what `add` rejects with on a bad input, as far as the schema is synchronous.
   */
  schedule<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    when: ScheduleOptions,
    options: RepeatOptions = {},
  ): Schedule {
    this.#parts.intake.tryParse(definition, input);
    const where = `schedule(${definition.name})`;
    const { repeat, ofJobs } = repeatOptions(options, where);
    checkAddOptions(definition, ofJobs, false, undefined, where);
    const failed = (error: unknown) => report(this.#parts.logger, error, `a scheduled run of job "${definition.name}" could not be added`);
    return this.#parts.schedules.start(definition.name, when, () => this.add(definition, input, ofJobs), failed, repeat);
  }

  /**
   * Takes jobs back that an earlier queue's `close` handed out, under their ids and with the attempts they have left.
   * Their definitions must be among the queue's `jobs`. All or none: throws `OptionsError` when one is not known.
   */
  restore(snapshots: Iterable<JobSnapshot>): Job[] {
    return restore(snapshots, this.#parts);
  }

  // --- Reading

  /** The job, as long as it lives or is kept; see `keepCompleted` and `deadLetters`. */
  getJob(id: string): Job | undefined {
    return this.#parts.overview.get(id);
  }

  /**
   * Jobs in a state: waiting ones in the order in which they will run, delayed ones by their time, ended ones newest
   * first. Limit 100 by default. Throws `OptionsError`.
   */
  list(state: JobState, options: ListOptions = {}): Job[] {
    return this.#parts.overview.list(state, options);
  }

  /** Where a job is and why it is not running yet; `undefined` for one that is not known (any more). */
  explain(id: string): Explanation | undefined {
    return this.#parts.overview.explain(id);
  }

  /**
   * The same as a promise, and of a running job also where in its code it is now, as a post-mortem tells it; the job
   * goes on. That takes 100 ms at most, and needs the queue's option `postMortem`.
   */
  inspect(id: string): Promise<Inspection | undefined> {
    return this.#parts.overview.inspect(id);
  }

  /** Counts, totals, times and threads, now; also by definition, and of the largest groups where that is asked for. Throws `OptionsError`. */
  stats(options: StatsOptions = {}): QueueStats {
    return queueStats(this.#parts, options);
  }

  /**
   * How long a job that is added now would wait for its start, in milliseconds: from usual run times and what is before it; of a
   * definition, within its limits; of a group, by its turns: one of which nothing waits, unless it is named. Pauses are not foreseen.
   * `QueueFullError.retryAfter` is the same.
   */
  estimateWait(definition?: JobDefinition, { group }: { group?: string } = {}): number {
    const { estimate, register } = this.#parts;
    return estimate.of(definition && register.kinds.of(definition), group);
  }

  /** @internal For a page. */
  get admin(): Admin {
    return this.#parts.admin;
  }

  // --- Pausing and ending

  /** Starts no more jobs, of one definition or of all; active ones go on. */
  pause(definition?: JobDefinition): void {
    this.#parts.waiting.pause(definition && this.#parts.register.kinds.of(definition));
    this.#parts.register.watcher?.check();
    this.#parts.announcer.announce('paused', ...nameOf(definition));
  }

  /** Undoes {@link pause}. What was paused by definition stays so until it is resumed by definition. */
  resume(definition?: JobDefinition): void {
    this.#parts.waiting.resume(definition && this.#parts.register.kinds.of(definition));
    this.#parts.announcer.announce('resumed', ...nameOf(definition));
  }

  /** Cancels all living jobs, or those that match; gives how many there were. Throws `OptionsError`. */
  cancel(filter: CancelFilter = {}): number {
    return cancelMatching(filter, this.#parts);
  }

  /** Resolves when nothing is waiting, delayed or active: at once on an idle queue. */
  idle(): Promise<void> {
    return this.#parts.lifecycle.living.over;
  }

  /** Whether the whole queue is paused. */
  get isPaused(): boolean {
    return this.#parts.waiting.paused;
  }

  /**
   * Resolves when the threads have booted and loaded `jobs`: from this call on they boot together, not the first one alone. Rejects with the
   * first `ModuleError`, or a `CrashError` when no thread can boot.
   */
  async ready(): Promise<void> {
    // Booting threads do not keep the process alive; who waits for them does.
    const keepAlive = new KeepAlive(this.#parts.clock);
    keepAlive.hold();
    await this.#parts.runner.ready().finally(() => keepAlive.release());
  }

  /**
   * Refuses new jobs, drains, then terminates the threads. Always resolves, at its deadline at the latest, with the
   * jobs that did not end; their promises reject with `QueueClosedError`. A job that cannot start before the deadline,
   * because it is paused or delayed for longer, is not waited for. One that cannot be handed back, such as when its
   * buffer was transferred to a thread, is cancelled. Calling it again gives the same promise.
   */
  close(options: CloseOptions = {}): Promise<Closed> {
    return this.#parts.closing.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }
}

function nameOf(definition: JobDefinition | undefined): [name?: string] {
  return definition === undefined ? [] : [definition.name];
}

import { type Accepted, Duplicate, Intake } from './adding/intake.js';
import { type MapOptions, mapThrough } from './adding/map.js';
import { type Schedule, type ScheduleOptions, Schedules } from './adding/schedules.js';
import { Calendar } from './calendar.js';
import { type Clock, MAX_TIMER, realClock } from './clock.js';
import { type CloseOptions, checkCloseOptions } from './closing/close-options.js';
import { type JobSnapshot, settingsOf, snapshotOf } from './closing/snapshot.js';
import { settledBefore, Until } from './closing/until.js';
import { DeadLetters } from './ended/dead-letters.js';
import { Recent } from './ended/recent.js';
import type { PostMortem } from './errors.js';
import * as errors from './errors.js';
import { QueueEmitter, type QueueEvent } from './events.js';
import { type AddOptions, keptOf } from './job/add-options.js';
import type { JobDefinition } from './job/definition.js';
import { cancelled, handleOf, Job } from './job/job.js';
import { Jobs } from './job/jobs.js';
import type { JobKind } from './job/kind.js';
import { Kinds } from './job/kinds.js';
import { announceEnd, enter, JobRecord, move, resultOf } from './job/record.js';
import { decide, type Next } from './job/retry.js';
import type { JobState } from './job/state.js';
import { type Explanation, explain } from './observe/explain.js';
import { execution, lineOf, logEvents, loggerFor, type QueueLogger, report } from './observe/log.js';
import { type QueueStats, queueStats } from './observe/metrics.js';
import { type CheckedQueueOptions, checkQueueOptions, type QueueOptions, type Seams } from './queue-options.js';
import { Dispatcher } from './threads/dispatcher.js';
import type { AttemptEnd, HandlerMessage, Reports, Runner } from './threads/runner.js';
import { THREAD_MARK } from './threads/wire/protocol.js';
import { Admission } from './waiting/admission.js';
import { Delays } from './waiting/delays.js';
import { Idempotency } from './waiting/idempotency.js';
import { Signals } from './waiting/signals.js';
import { WaitingJobs } from './waiting/waiting-jobs.js';

/** Time threads get to exit when `close` has terminated them at its deadline, in milliseconds. */
const EXIT_GRACE = 1_000;

/** An in-process job queue: see the README for the life of a job, which this file follows from top to bottom. */
export class JobQueue extends QueueEmitter implements AsyncDisposable {
  readonly name: string;
  /** The jobs that failed for good. */
  readonly deadLetters: DeadLetters;
  readonly #options: CheckedQueueOptions;
  readonly #logger: QueueLogger | undefined;
  readonly #clock: Clock;
  readonly #calendar: Calendar;
  readonly #random: () => number;
  readonly #jobs = new Jobs();
  readonly #kinds = new Kinds({
    idPrefix: this.#jobs.idPrefix,
    cancel: (id, reason) => this.#cancelById(id, reason),
    startOf: (id) => this.#startOf(id),
    timeOf: (now) => this.#calendar.timeOf(now),
    exactTimeOf: (now) => this.#calendar.exactTimeOf(now),
  });
  readonly #ready: WaitingJobs;
  readonly #delays: Delays;
  /** Delayed retries whose old thread has not exited: their time comes after that. */
  readonly #outlived = new Set<JobRecord>();
  readonly #schedules: Schedules;
  readonly #admission: Admission;
  readonly #idempotency: Idempotency;
  readonly #intake: Intake;
  readonly #signals = new Signals<JobRecord>((record, reason) => this.#cancel(record, reason));
  readonly #completed: Recent<JobRecord>;
  readonly #cancelled: Recent<JobRecord>;
  readonly #runner: Runner;
  /** Keeps the process alive while jobs live. */
  readonly #keepAlive = setInterval(() => {}, MAX_TIMER).unref();
  #order = 0;
  /** Jobs that are waiting, delayed or active. */
  #living = 0;
  #active = 0;
  #drain: Until | undefined;
  #closing: Promise<{ unfinished: JobSnapshot[] }> | undefined;

  /** Throws `OptionsError` when an option is wrong or unknown. Its threads start at once. */
  constructor(options?: QueueOptions);
  /** @internal What a test queue replaces. */
  constructor(options: QueueOptions, seams: Seams);
  constructor(options: QueueOptions = {}, seams: Seams = {}) {
    super();
    if (THREAD_MARK in globalThis) {
      throw new errors.OptionsError(
        'a JobQueue was made inside a job thread: a job module, or something it imports, makes one. Move `new JobQueue` to a file that no job module imports.',
      );
    }
    this.#options = checkQueueOptions(options);
    const { name, threads, spareThreads, maxBatch, worker, postMortem, keepCompleted, maxWaiting, whenFull, maxInputBytes } = this.#options;
    this.name = name;
    this.#clock = seams.clock ?? realClock;
    this.#calendar = new Calendar(this.#clock);
    this.#random = seams.random ?? Math.random;
    // A time that does not pass by itself must not be waited for.
    if (seams.clock !== undefined) clearInterval(this.#keepAlive);
    this.#logger = loggerFor(this.#options.logger, name);
    if (this.#logger) logEvents(this, this.#logger);
    this.#ready = new WaitingJobs(
      this.#clock,
      (record) => this.#runningSince(record),
      () => this.#runner.schedule(),
    );
    this.#schedules = new Schedules(this.#clock);
    this.#delays = new Delays(this.#clock, (record) => this.#due(record));
    this.#admission = new Admission(maxWaiting, whenFull, () => this.#living - this.#active);
    this.#idempotency = new Idempotency(this.#options.idempotency, this.#clock);
    this.#intake = new Intake({
      name,
      kinds: this.#kinds,
      admission: this.#admission,
      idempotency: this.#idempotency,
      maxInputBytes,
      enter: (kind, input, settings) => this.#enter(kind, input, settings),
      deduplicated: (record) => this.#deduplicated(record),
    });
    this.#completed = new Recent(keepCompleted);
    this.#cancelled = new Recent(keepCompleted);
    this.deadLetters = new DeadLetters(this.#options.deadLetters, {
      replay: (record, change) => this.#replay(record, change),
      dropped: (record) => this.#forget(record),
      evicted: (record) => this.#evicted(record),
      alert: (record, size) => this.#tellOf('dead-letter-alert', record, size),
    });
    const preload = this.#options.jobs.map((definition) => this.#kinds.of(definition));
    const { idPrefix } = this.#jobs;
    this.#runner =
      seams.runner?.(this.#ready, this.#reports, this.#clock, { threads, idPrefix }) ??
      new Dispatcher(this.#ready, this.#reports, this.#clock, {
        threads,
        spareThreads,
        maxBatch,
        worker: worker as never,
        preload,
        postMortem,
        idPrefix,
      });
  }

  // --- 1. A job is added

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
    return this.#intake.accept(definition, input, options, jobOf) as Promise<Job<Parsed, Output>>;
  }

  /** Adds a job and resolves with its output. Rejects as `add` does, and with the error of its last attempt. */
  run<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input: Input, options?: AddOptions): Promise<Output> {
    return this.#intake.accept(definition, input, options, outputOf) as Promise<Output>;
  }

  /**
   * Adds many jobs, all or none: one invalid input refuses the whole call, and the error says which. Rejects as `add` does, and
   * with `OptionsError` when `options` has an `idempotencyKey` or `transfer`, which belong to one job.
   */
  async addBulk<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    inputs: Iterable<Input>,
    options?: AddOptions,
  ): Promise<Job<Parsed, Output>[]> {
    const records = await this.#intake.acceptAll(definition, inputs, options);
    return records.map((record) => handleOf(record) as Job<Parsed, Output>);
  }

  /**
   * Runs every item of a source as a job, and yields the outputs. Reads no more than `concurrency` items ahead of the
   * consumer, so a source of any length needs constant memory. Breaking off cancels what is left and closes the source.
   * A failing item throws the error of its job, with `index` and `input` on it ({@link ItemError}), when its turn comes.
   * Throws `OptionsError`; nothing is read before the first item is asked for.
   */
  map<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    source: Iterable<Input> | AsyncIterable<Input>,
    options: MapOptions = {},
  ): AsyncGenerator<Output, void, undefined> {
    const { name } = this.#kinds.of(definition).definition;
    const { threads, maxBatch, maxWaiting } = this.#options;
    const concurrency = Math.min(2 * threads * maxBatch, maxWaiting);
    return mapThrough(name, source, options, concurrency, (input, signal) => this.run(definition, input, { signal }));
  }

  /**
   * Adds a job again and again: by a cron pattern, or every so many milliseconds, the first time after that long. A
   * run that still waits when the next is due is not added twice. A run that cannot be added, such as when the queue
   * is full, is logged. Keeps the process alive, as `setInterval` does, until `stop()` or `close()`.
   * Throws `OptionsError`, and what `add` rejects with on a bad input, as far as the schema is synchronous.
   */
  schedule<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input: Input, when: ScheduleOptions): Schedule {
    const parsed = this.#intake.parse(this.#intake.kindOf(definition), input);
    // What an asynchronous schema refuses is told by the runs.
    if (parsed instanceof Promise) parsed.catch(() => {});
    const failed = (error: unknown) => report(this.#logger, error, `a scheduled run of job "${definition.name}" could not be added`);
    return this.#schedules.start(definition.name, when, () => this.add(definition, input), failed);
  }

  /** The job is in. */
  #enter(kind: JobKind, input: unknown, settings: AddOptions | undefined, id?: string): JobRecord {
    const order = ++this.#order;
    const priority = settings?.priority ?? kind.definition.priority;
    const key = id ?? order;
    const times = this.#jobs.timesFor(key);
    const record = new JobRecord(key, kind, input, priority, order, this.#clock.now(), settings && keptOf(settings), times);
    if (settings !== undefined) {
      if (settings.idempotencyKey !== undefined) this.#idempotency.remember(record);
      if (settings.signal !== undefined) this.#signals.watch(record, settings.signal);
    }
    this.#jobs.set(record);
    this.#lives(1);
    kind.totals.added++;
    const delay = settings?.delay ?? 0;
    if (delay > 0) {
      enter(record, 'delayed');
      this.#delays.add(record, delay);
    } else {
      enter(record, 'waiting');
      this.#ready.push(record);
      this.#runner.schedule();
    }
    this.#tellOf('added', record);
    return record;
  }

  #deduplicated(record: JobRecord): void {
    record.kind.totals.deduplicated++;
    this.#tellOf('deduplicated', record);
  }

  // --- 2. It waits

  /** Its delay or backoff is over. */
  #due(record: JobRecord): void {
    move(record, 'waiting');
    record.readyAt = this.#clock.now();
    record.order = ++this.#order;
    this.#ready.push(record);
    this.#runner.schedule();
    this.#drain?.look();
  }

  // --- 3. It runs, and the attempt ends

  /** Who the runner tells what became of the jobs. */
  readonly #reports: Reports = {
    started: (record) => this.#started(record),
    sent: (records) => this.#sent(records),
    completed: (record, output, startedAt, duration, threadId) => this.#succeeded(record, output, startedAt, duration, threadId),
    ended: (record, end) => this.#ended(record, end),
    returned: (records) => this.#returned(records),
    message: (record, message) => this.#message(record, message),
    threadKilled: (threadId, reason, record) => this.#tellThread('thread-killed', threadId, reason, record?.id),
    threadZombie: (threadId, record) => this.#tellThread('thread-zombie', threadId, 'native-code', record?.id),
    lateError: (threadId, jobId, error) => {
      if (this.hears('late-error')) this.tell('late-error', { threadId, reason: 'late-error', jobId }, error);
    },
  };

  #started(record: JobRecord): void {
    move(record, 'active');
    this.#active++;
    record.attempt++;
  }

  #sent(records: readonly JobRecord[]): void {
    this.#calendar.look();
    // A copy: a listener may cancel jobs of the batch.
    if (this.hears('active')) for (const record of [...records]) this.#tellActive(record);
    this.#admission.left();
  }

  #tellActive(record: JobRecord): void {
    if (record.state !== 'active' || record.toldActive === record.attempt) return;
    record.toldActive = record.attempt;
    this.#tellOf('active', record);
  }

  #returned(records: JobRecord[]): void {
    for (const record of records) {
      record.attempt--;
      this.#putBack(record);
    }
  }

  /** Before all that came later: its order is the one it had. */
  #putBack(record: JobRecord): void {
    this.#active--;
    move(record, 'waiting');
    this.#ready.putBack(record);
    this.#runner.schedule();
    this.#drain?.look();
  }

  #succeeded(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number): void {
    this.#ready.ended(record, startedAt, undefined);
    record.kind.recordRun(record.ran(startedAt, duration, threadId), duration);
    record.output = output;
    this.#finish(record, 'completed', startedAt + duration);
  }

  #ended(record: JobRecord, end: AttemptEnd): void {
    const { outcome, error } = end;
    errors.attachJob(error, { jobId: record.id, jobName: record.kind.definition.name, attempt: record.attempt });
    this.#ready.ended(record, end.started ? end.startedAt : undefined, end.gone);
    const waited = record.ran(end.startedAt, end.duration, end.threadId);
    record.failed(outcome, error);
    record.kind.count(outcome);
    // An interrupted one may not have come to its end.
    if (end.started && outcome !== 'interrupted') record.kind.recordRun(waited, end.duration);
    const next = this.#decide(record, end);
    switch (next.to) {
      case 'waiting':
        this.#logger?.warn(execution(handleOf(record)), 'job interrupted: another job ended its thread');
        record.attempt--;
        return this.#putBack(record);
      case 'delayed':
        return this.#retry(record, error, next.delay, end.gone);
      default:
        record.error = error;
        return this.#finish(record, next.to, this.#clock.now());
    }
  }

  #decide(record: JobRecord, { outcome, error, started }: AttemptEnd): Next {
    const { attempt, maxAttempts, backoff, kind } = record;
    const ending = { outcome, error, attempt, maxAttempts, backoff, atMostOnce: kind.definition.delivery === 'at-most-once', started };
    try {
      return decide(ending, this.#random);
    } catch (problem) {
      report(this.#logger, problem, `the backoff function of job "${kind.definition.name}" failed; the default is used`);
      return decide({ ...ending, backoff: { type: 'exponential' } }, this.#random);
    }
  }

  /** The job comes back after its backoff, and not before its thread is gone: it never runs beside itself. */
  #retry(record: JobRecord, error: unknown, delay: number, gone: Promise<void> | undefined): void {
    record.kind.totals.retried++;
    this.#active--;
    move(record, 'delayed');
    if (gone === undefined) this.#delays.add(record, delay);
    else {
      const due = this.#clock.now() + delay;
      this.#outlived.add(record);
      void gone.then(() => {
        if (this.#outlived.delete(record)) this.#delays.add(record, Math.max(0, due - this.#clock.now()));
      });
    }
    this.#tellOf('retrying', record, error, delay);
    this.#drain?.look();
  }

  // --- 4. It ends, exactly once

  #finish(record: JobRecord, state: 'completed' | 'failed' | 'cancelled', at: number): void {
    if (record.state === 'active') this.#active--;
    move(record, state);
    record.finished(at);
    record.kind.totals[state]++;
    if (record.options !== undefined) {
      this.#idempotency.ended(record);
      if (record.options.signal !== undefined) this.#signals.forget(record, record.options.signal);
    }
    const out = state === 'completed' ? this.#completed.add(record) : state === 'cancelled' ? this.#cancelled.add(record) : undefined;
    if (out !== undefined) this.#forget(out);
    if (state === 'failed') this.deadLetters.add(record);
    announceEnd(record);
    if (state === 'failed') this.#tellOf('failed', record, record.error);
    else this.#tellOf(state, record);
    this.#lives(-1);
    this.#admission.left();
  }

  /** When the handler of an active job was started, in milliseconds since 1970. */
  #startOf(id: string): number | undefined {
    const record = this.#jobs.get(id);
    const start = record && this.#runningSince(record);
    return start && this.#calendar.timeOf(start);
  }

  /** When the handler of an active job was started, on {@link Clock.now}, as far as it still runs. */
  #runningSince(record: JobRecord): number | undefined {
    const location = this.#runner.locate(record);
    return location?.phase === 'running' ? location.since : undefined;
  }

  #cancelById(id: string, reason: unknown): boolean {
    const record = this.#jobs.get(id);
    return record !== undefined && this.#cancel(record, reason);
  }

  /** Ends a job on its owner's word. */
  #cancel(record: JobRecord, reason: unknown): boolean {
    if (record.ended) return false;
    if (record.state === 'active') return this.#runner.cancel(record, reason);
    if (record.state === 'waiting') this.#ready.remove(record);
    else if (!this.#outlived.delete(record)) this.#delays.remove(record);
    record.error = cancelled(record, reason);
    this.#finish(record, 'cancelled', this.#clock.now());
    return true;
  }

  /** A dead letter lives again. */
  async #replay(record: JobRecord, change: { input?: unknown }): Promise<Job> {
    const kind = this.#intake.kindOf(record.kind.definition);
    const input = 'input' in change ? await this.#intake.parse(kind, change.input) : record.input;
    this.#intake.kindOf(kind.definition);
    if (!this.deadLetters.take(record)) throw new RangeError(`the dead letter ${record.id} is not there any more`);
    record.renew(input);
    kind.totals.replayed++;
    this.#lives(1);
    this.#idempotency.remember(record);
    if (record.options?.signal !== undefined) this.#signals.watch(record, record.options.signal);
    this.#due(record);
    return handleOf(record);
  }

  #evicted(record: JobRecord): void {
    this.#forget(record);
    this.#tellOf('evicted', record);
  }

  #forget(record: JobRecord): void {
    this.#jobs.delete(record);
    // Somebody may keep it for long.
    if (record.handle !== undefined || record.options !== undefined) record.leavePage();
    record.kind.leaves(record.state);
  }

  /** Counts the living, and keeps the process alive as long as there are any. */
  #lives(change: 1 | -1): void {
    this.#living += change;
    if (this.#living === 0) {
      this.#keepAlive.unref();
      this.#tell('drained');
    } else if (this.#living === 1 && change === 1) this.#keepAlive.ref();
    if (change === -1) this.#drain?.look();
  }

  // --- Reading

  /** The job, as long as it lives or is kept; see `keepCompleted` and `deadLetters`. */
  getJob(id: string): Job | undefined {
    const record = this.#jobs.get(id);
    return record && handleOf(record);
  }

  /** Jobs in a state: waiting ones in the order in which they will run, delayed ones by their time, ended ones newest first. Limit 100 by default. */
  list(state: JobState, { offset = 0, limit = 100 }: { offset?: number; limit?: number } = {}): Job[] {
    const jobs: Job[] = [];
    for (const record of this.#inState(state)) {
      if (jobs.length >= limit) break;
      if (offset-- <= 0) jobs.push(handleOf(record));
    }
    return jobs;
  }

  *#inState(state: JobState): Iterable<JobRecord> {
    if (state === 'waiting') yield* this.#ready;
    else if (state === 'completed') yield* this.#completed;
    else if (state === 'cancelled') yield* this.#cancelled;
    else if (state === 'active') yield* this.#runner.active();
    else if (state === 'failed') yield* this.deadLetters.records();
    else if (state === 'delayed') {
      yield* this.#delays;
      yield* this.#outlived;
    } else
      throw new errors.OptionsError(`list: expected one of delayed, waiting, active, completed, failed, cancelled; given ${String(state)}`);
  }

  /**
   * Where a job is and why it is not running yet; `undefined` for one that is not known (any more).
   * With `stack`, a promise; of a running job it also tells where in its code it is now, as a post-mortem does, and
   * the job goes on. That takes 100 ms at most, and needs the queue's option `postMortem`.
   */
  explain(id: string): Explanation | undefined;
  explain(id: string, options: { stack: true }): Promise<(Explanation & { where?: PostMortem }) | undefined>;
  explain(id: string, { stack = false } = {}): Explanation | undefined | Promise<(Explanation & { where?: PostMortem }) | undefined> {
    const record = this.#jobs.get(id);
    if (stack) return this.#explainWithStack(record);
    return record && this.#explain(record);
  }

  async #explainWithStack(record: JobRecord | undefined): Promise<(Explanation & { where?: PostMortem }) | undefined> {
    const where = record && (await this.#runner.lookInto(record));
    return record && { ...this.#explain(record), ...(where && { where }) };
  }

  #explain(record: JobRecord): Explanation {
    return explain(record, { ready: this.#ready, delays: this.#delays, runner: this.#runner, clock: this.#clock });
  }

  /** Counts, totals, times and threads, now; also by definition. */
  stats(): QueueStats {
    const { oldest } = this.#ready;
    return queueStats(this.#kinds, this.#runner.stats, oldest === undefined ? 0 : Math.max(0, this.#clock.now() - oldest));
  }

  // --- Pausing and ending

  /** Starts no more jobs, of one definition or of all; active ones go on. */
  pause(definition?: JobDefinition): void {
    if (definition === undefined) this.#ready.paused = true;
    else this.#ready.pause(this.#kinds.of(definition));
    this.#tell('paused', definition?.name);
    this.#drain?.look();
  }

  /** Undoes {@link pause}. What was paused by definition stays so until it is resumed by definition. */
  resume(definition?: JobDefinition): void {
    if (definition === undefined) this.#ready.paused = false;
    else this.#ready.resume(this.#kinds.of(definition));
    this.#tell('resumed', definition?.name);
    this.#runner.schedule();
  }

  /** Whether the whole queue is paused. */
  get isPaused(): boolean {
    return this.#ready.paused;
  }

  /** Resolves when the threads have booted and loaded `jobs`. Rejects with the first `ModuleError`, or a `CrashError` when no thread can boot. */
  async ready(): Promise<void> {
    // Booting threads do not keep the process alive; who waits for them does.
    const waiting = setInterval(() => {}, MAX_TIMER);
    try {
      await this.#runner.ready();
    } finally {
      clearInterval(waiting);
    }
  }

  /**
   * Refuses new jobs, drains, then terminates the threads. Always resolves, at its deadline at the latest, with the
   * jobs that did not end; their promises reject with `QueueClosedError`. A job that cannot start before the deadline,
   * because it is paused or delayed for longer, is not waited for. Calling it again gives the same promise.
   */
  close(options: CloseOptions = {}): Promise<{ unfinished: JobSnapshot[] }> {
    const { drain, timeout } = checkCloseOptions(options);
    this.#closing ??= this.#close(drain, timeout);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }

  async #close(drain: 'all' | 'active' | 'none', timeout: number): Promise<{ unfinished: JobSnapshot[] }> {
    this.#keepAlive.ref();
    const deadline = this.#clock.now() + timeout;
    this.#schedules.close();
    this.#intake.close();
    if (drain === 'active') this.#ready.paused = true;
    if (drain !== 'none') {
      this.#drain = new Until(this.#clock, deadline, () => (drain === 'all' ? this.#canProgress(deadline) : this.#active > 0));
      await this.#drain.over;
    }
    const unfinished = this.#handBack();
    const exited = this.#runner.close();
    await settledBefore(this.#clock, Math.max(deadline, this.#clock.now() + EXIT_GRACE), exited);
    clearInterval(this.#keepAlive);
    return { unfinished };
  }

  /** Whether a job is active or will be before the deadline. */
  #canProgress(deadline: number): boolean {
    return this.#active > 0 || this.#outlived.size > 0 || this.#ready.canRun || this.#delays.nextDue < deadline;
  }

  /** Takes all living jobs out of the queue. */
  #handBack(): JobSnapshot[] {
    this.#runner.abandon(new errors.QueueClosedError(`the queue "${this.name}" was closed`));
    const living = [...this.#inState('waiting'), ...this.#inState('delayed')];
    return living.map((record) => {
      const snapshot = snapshotOf(record, this.#runAt(record));
      this.#letGo(record);
      const facts = { jobId: record.id, jobName: snapshot.name };
      record.error = new errors.QueueClosedError(`the queue "${this.name}" was closed before the job could end`, facts);
      announceEnd(record);
      return snapshot;
    });
  }

  /** The job is the queue's no longer: no timer, signal or handle reaches it here. */
  #letGo(record: JobRecord): void {
    if (record.state === 'waiting') this.#ready.remove(record);
    else if (!this.#outlived.delete(record)) this.#delays.remove(record);
    if (record.options?.signal !== undefined) this.#signals.forget(record, record.options.signal);
    this.#forget(record);
    this.#living--;
  }

  /** When a delayed job is due, in milliseconds since 1970. */
  #runAt(record: JobRecord): number | undefined {
    if (record.state !== 'delayed') return undefined;
    const now = this.#clock.now();
    return this.#clock.wallTime() + (this.#delays.dueAt(record) ?? now) - now;
  }

  /**
   * Takes jobs back that an earlier queue's `close` handed out, under their ids and with the attempts they have left.
   * Their definitions must be among the queue's `jobs`. All or none: throws `OptionsError` when one is not known.
   */
  restore(snapshots: Iterable<JobSnapshot>): Job[] {
    const list = [...snapshots];
    const ids = new Set(list.map(({ id }) => id));
    if (ids.size < list.length) throw new errors.OptionsError('restore: a job is there twice; each snapshot has an id of its own');
    const kinds = list.map((snapshot) => this.#restorable(snapshot));
    return list.map((snapshot, index) => {
      const { id, input, attemptsMade, checkpoint } = snapshot;
      const settings = settingsOf(snapshot, this.#clock.wallTime());
      const record = this.#enter(kinds[index] as JobKind, input, settings, id);
      record.attempt = attemptsMade;
      record.checkpoint = checkpoint;
      return handleOf(record);
    });
  }

  #restorable({ id, name }: JobSnapshot): JobKind {
    const kind = this.#kinds.named(name);
    if (kind === undefined) {
      throw new errors.OptionsError(
        `restore: job ${id} is of the definition "${name}", which the queue does not know; name it in the option "jobs"`,
      );
    }
    if (this.#jobs.get(id) !== undefined) throw new errors.OptionsError(`restore: a job with the id ${id} is in the queue already`);
    return this.#intake.kindOf(kind.definition);
  }

  // --- Telling

  #message(record: JobRecord, message: HandlerMessage): void {
    if (message.type === 'log') return this.#logger?.[message.level](...lineOf(record, message.args));
    if (message.type === 'checkpoint') record.checkpoint = message.value;
    else {
      record.progress = message.value;
      this.#tellOf('progress', record, message.value);
    }
  }

  #tellOf(event: QueueEvent, record: JobRecord, ...rest: unknown[]): void {
    if (this.hears(event)) this.tell(event, ...([handleOf(record), ...rest] as never));
  }

  #tell(event: 'drained' | 'paused' | 'resumed', name?: string): void {
    if (this.hears(event)) this.tell(event, ...((name === undefined ? [] : [name]) as never));
  }

  #tellThread(event: 'thread-killed' | 'thread-zombie', threadId: number, reason: string, jobId: string | undefined): void {
    if (this.hears(event)) this.tell(event, { threadId, reason, jobId });
  }

  protected listenerFailed(event: QueueEvent, error: unknown): void {
    report(this.#logger, error, `a listener of "${event}" failed`);
  }
}

function jobOf(accepted: Accepted): Job {
  return accepted instanceof Duplicate ? new Job(accepted.record, true) : handleOf(accepted);
}

function outputOf(accepted: Accepted): Promise<unknown> {
  return resultOf(accepted instanceof Duplicate ? accepted.record : accepted);
}

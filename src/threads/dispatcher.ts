import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { CancelledError, NotCloneableError } from '../errors.js';
import type { Outcome } from '../job/attempt.js';
import { cancelled, type JobRecord } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import { nextBatch, type Source } from './batch.js';
import { Deadline, HOLDS_BACK_AFTER, judge, LOAD_LIMIT, LOOK_AT_LEAST_EVERY } from './deadline.js';
import * as endings from './endings.js';
import { decodeThrown, encodeThrown } from './error-codec.js';
import { gone, type ThreadOptions, ThreadPool } from './pool.js';
import { type FromThread, RESULT, RESULT_FIELDS } from './protocol.js';
import { Slot, type Verdict } from './slot.js';

/** A terminated thread that has not exited after this many milliseconds is a zombie: native code holds it. */
const ZOMBIE_AFTER = 1_000;
/** So many boots in a row may fail before waiting jobs are failed. */
const MAX_FAILED_BOOTS = 5;

/** How an attempt ended that did not complete. */
export interface AttemptEnd {
  outcome: Outcome;
  error: unknown;
  /** On the clock of all threads. */
  startedAt: number;
  duration: number;
  threadId: number;
  started: boolean;
  /** Resolves when the thread has exited, where it was terminated: until then the job must not run elsewhere. */
  gone?: Promise<void> | undefined;
}

/** Why a thread was ended. */
export type KillReason = 'timed-out' | 'cancelled' | 'crashed' | 'late-error' | 'stuck' | 'not-loading' | 'closed';

/** What the dispatcher tells the queue. */
export interface DispatchHost extends Source {
  started(record: JobRecord): void;
  completed(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number): void;
  ended(record: JobRecord, end: AttemptEnd): void;
  /** Jobs that were sent but not started, in their order: they go back to the front. */
  returned(records: JobRecord[]): void;
  said(record: JobRecord, message: Extract<FromThread, { position: number }>): void;
  /** Whether a thread waits for work. */
  threadFree(free: boolean): void;
  threadKilled(threadId: number, reason: KillReason, record: JobRecord | undefined): void;
  threadZombie(threadId: number, record: JobRecord | undefined): void;
  lateError(threadId: number, job: { jobId: string | undefined; jobName: string | undefined }, error: unknown): void;
}

export interface DispatcherOptions {
  threads: number;
  spareThreads: number;
  maxBatch: number;
  worker: ThreadOptions;
  preload: readonly JobKind[];
}

interface Readiness {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Gives batches to threads, takes results back, and ends threads whose job is over its limit. */
export class Dispatcher {
  /** Threads terminated by the queue since its start. */
  killed = 0;
  readonly #host: DispatchHost;
  readonly #clock: Clock;
  readonly #options: DispatcherOptions;
  readonly #pool: ThreadPool;
  readonly #slots = new Map<Worker, Slot>();
  readonly #deadlines = new Map<Slot, Deadline>();
  /** The last used first: its code is warm. */
  readonly #idle: Slot[] = [];
  #preload: readonly JobKind[];
  #busy = 0;
  /** Threads that were terminated and have not exited. */
  #dying = 0;
  #scheduled = false;
  #readiness: Readiness | undefined;
  #bootFailure: unknown;
  #closed = false;

  constructor(host: DispatchHost, clock: Clock, options: DispatcherOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#options = options;
    this.#preload = options.preload;
    this.#pool = new ThreadPool(options.threads + options.spareThreads, options.worker, {
      born: (worker) => this.#born(worker),
      booted: (worker) => this.#booted(worker),
    });
    this.#pool.start();
  }

  /** Gives work to idle threads, once the code that runs now has added all it wants to add. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#dispatch());
  }

  get stats() {
    const slots = [...this.#slots.values()];
    return {
      size: slots.filter(({ state }) => state !== 'dying').length,
      busy: this.#busy,
      starting: slots.filter(({ state }) => state === 'booting').length,
      zombies: slots.filter(({ isZombie }) => isZombie).length,
      killed: this.killed,
    };
  }

  /** Resolves when all threads have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    if (this.#bootFailure !== undefined) return Promise.reject(this.#bootFailure);
    if (this.#allOpen) return Promise.resolve();
    if (this.#readiness === undefined) {
      let settle: Omit<Readiness, 'promise'> | undefined;
      const promise = new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
      });
      this.#readiness = { promise, ...(settle as unknown as Omit<Readiness, 'promise'>) };
    }
    return this.#readiness.promise;
  }

  /** Where an active job is: its thread, and since when it runs there; `since` is undefined while it waits in a batch. */
  locate(record: JobRecord): { threadId: number; since: number | undefined } | undefined {
    const slot = this.#slotOf(record);
    if (slot === undefined) return undefined;
    const running = slot.running();
    return { threadId: slot.threadId, since: running?.record === record ? running.since : undefined };
  }

  /** Stops an active job: tells it, and terminates its thread when its grace period is over. */
  cancel(record: JobRecord, reason: unknown): void {
    const slot = this.#slotOf(record);
    if (slot === undefined) return;
    const position = slot.batch.indexOf(record);
    const unstarted = slot.withdraw();
    this.#host.returned(unstarted.filter((one) => one !== record));
    const error = cancelled(record, reason);
    if (unstarted.includes(record)) this.#settle(slot, record, 'cancelled', error, this.#clock.now(), false);
    else this.#end(slot, position, { record, outcome: 'cancelled', error });
    this.schedule();
  }

  /** Terminates all threads. Resolves when they have exited; native code may keep them for long. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const deadline of this.#deadlines.values()) deadline.clear();
    this.#readiness?.reject(new CancelledError('the queue was closed before its threads were ready'));
    const exited = this.#pool.close();
    for (const slot of this.#slots.values()) slot.close();
    await exited;
  }

  /** Jobs that are on threads, sent or running. */
  active(): JobRecord[] {
    return [...this.#slots.values()].flatMap(({ batch }) => batch.filter((record) => record !== undefined));
  }

  /** Takes all jobs from the threads; used when the queue closes and hands them back. */
  abandon(): JobRecord[] {
    return [...this.#slots.values()].flatMap((slot) => slot.takeRest());
  }

  // --- threads come and go

  #born(worker: Worker): void {
    const slot = new Slot(worker, (from, message) => this.#receive(from, message));
    this.#slots.set(worker, slot);
    this.#deadlines.set(slot, new Deadline(this.#clock, () => this.#look(slot)));
    worker.on('error', (error) => {
      slot.fatal = error;
    });
    worker.once('exit', (code) => this.#exited(slot, code));
  }

  #booted(worker: Worker): void {
    const slot = this.#slots.get(worker);
    if (slot === undefined || this.#closed) return;
    this.#pool.open(worker, slot.openMessage(this.#preload));
    this.#deadlineOf(slot).within(LOAD_LIMIT);
  }

  #opened(slot: Slot, failures: unknown[]): void {
    if (slot.state !== 'booting') return;
    slot.state = 'idle';
    this.#idle.push(slot);
    if (failures.length > 0) this.#notReady(failures[0]);
    else if (this.#allOpen) {
      this.#readiness?.resolve();
      this.#readiness = undefined;
    }
    this.schedule();
  }

  get #allOpen(): boolean {
    let open = 0;
    for (const { state } of this.#slots.values()) if (state === 'idle' || state === 'busy') open++;
    return open >= this.#options.threads + this.#options.spareThreads;
  }

  #notReady(error: unknown): void {
    this.#bootFailure ??= error;
    this.#readiness?.reject(error);
    this.#readiness = undefined;
    // Each job whose module is bad will say so itself; the others shall not wait for it again.
    this.#preload = [];
  }

  /** A thread has exited: the end of one that was terminated, or a crash. */
  #exited(slot: Slot, exitCode: number): void {
    slot.drain();
    const { state } = slot;
    const unstarted = slot.withdraw();
    const running = slot.running();
    const lost = slot.takeRest();
    slot.state = 'gone';
    this.#slots.delete(slot.worker);
    this.#deadlineOf(slot).clear();
    this.#deadlines.delete(slot);
    this.#remove(slot, state);
    slot.close();
    if (this.#closed) return;
    if (state === 'booting') this.#diedBooting(slot);
    this.#host.returned(unstarted);
    if (running !== undefined) this.#crashed(slot, running, exitCode);
    for (const record of lost.reverse()) {
      if (record !== running?.record) this.#settle(slot, record, 'interrupted', undefined, this.#clock.now(), true);
    }
    this.schedule();
  }

  #diedBooting(slot: Slot): void {
    if (this.#preload.length > 0 && this.#pool.failedBoots === 0) this.#notReady(endings.bootError(slot.fatal));
    if (this.#pool.failedBoots < MAX_FAILED_BOOTS) return;
    const error = endings.bootError(slot.fatal);
    this.#notReady(error);
    for (let record = this.#host.take(); record !== undefined; record = this.#host.take()) {
      this.#host.started(record);
      const at = this.#clock.now();
      this.#host.ended(record, { outcome: 'crashed', error, startedAt: at, duration: 0, threadId: slot.threadId, started: false });
    }
  }

  #crashed(slot: Slot, { record, since, loading }: { record: JobRecord; since: number; loading: boolean }, exitCode: number): void {
    const { exitedBy } = slot;
    const innocent = exitedBy?.jobId !== undefined && exitedBy.jobId !== record.id;
    if (innocent) {
      this.#host.lateError(slot.threadId, exitedBy, endings.lateExitError(exitedBy, exitCode));
      this.#settle(slot, record, 'interrupted', endings.innocentError(record, slot, exitCode), since, true);
    } else if (loading) this.#settle(slot, record, 'failed', endings.loadCrashError(record, slot, exitCode), since, true);
    else this.#settle(slot, record, 'crashed', endings.crashError(record, slot, exitCode), since, true);
    this.#host.threadKilled(slot.threadId, 'crashed', record);
  }

  // --- batches go out

  #dispatch(): void {
    this.#scheduled = false;
    this.#host.threadFree(this.#mayDispatch());
    while (this.#host.size > 0 && this.#mayDispatch()) {
      const batch = nextBatch(this.#host, this.#options.maxBatch, this.#options.threads);
      if (batch.length === 0) break;
      this.#send(this.#idle.pop() as Slot, batch);
    }
    this.#host.threadFree(this.#mayDispatch());
  }

  #mayDispatch(): boolean {
    const { threads } = this.#options;
    if (this.#closed || this.#idle.length === 0 || this.#busy >= threads) return false;
    if (this.#dying === 0) return true;
    // Threads that do not die pile up: wait for them instead of starting ever more.
    return this.#dying < 2 * threads && this.stats.zombies < threads;
  }

  #send(slot: Slot, batch: JobRecord[]): void {
    for (const record of batch) this.#host.started(record);
    const sent = this.#post(slot, batch);
    if (sent.length === 0) {
      this.#idle.push(slot);
      return;
    }
    this.#busy++;
    slot.seenIdleAt = undefined;
    let look = sent.length > 1 ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY;
    for (const { timeout } of sent) if (timeout < look) look = timeout;
    this.#deadlineOf(slot).within(look);
  }

  /** Sends the batch; a job whose input cannot be cloned fails by itself, the others go. Returns what was sent. */
  #post(slot: Slot, batch: JobRecord[]): JobRecord[] {
    try {
      slot.send(batch);
      return batch;
    } catch {
      const good: JobRecord[] = [];
      for (const record of batch) {
        const error = cloneError(record);
        if (error === undefined) good.push(record);
        else this.#settle(slot, record, 'failed', error, this.#clock.now(), false);
      }
      return good.length === 0 || good.length === batch.length ? this.#refuse(slot, good) : this.#post(slot, good);
    }
  }

  /** Each input can be cloned, yet the message cannot be sent: no job may be left without an end. */
  #refuse(slot: Slot, batch: JobRecord[]): JobRecord[] {
    for (const record of batch) {
      const error = new NotCloneableError(`the input of ${record.kind.definition.name} cannot be sent: check the option "transfer"`);
      this.#settle(slot, record, 'failed', error, this.#clock.now(), false);
    }
    return [];
  }

  // --- results come in

  #receive(slot: Slot, message: FromThread): void {
    switch (message.type) {
      case 'results':
        return this.#results(slot, message.results, message.last);
      case 'open':
        return this.#opened(slot, message.failures.map(decodeThrown));
      case 'late-error':
        return this.#lateError(slot, message);
      case 'exit':
        slot.exitedBy = message;
        return;
      default: {
        const record = slot.batch[message.position];
        if (record !== undefined) this.#host.said(record, message);
      }
    }
  }

  #results(slot: Slot, results: unknown[], last: boolean): void {
    let crashed = false;
    for (let at = 0; at < results.length; at += RESULT_FIELDS) {
      const position = results[at] as number;
      const record = slot.batch[position];
      if (record === undefined) continue;
      slot.batch[position] = undefined;
      const result = results[at + 1];
      const value = results[at + 2];
      const startedAt = results[at + 3] as number;
      const duration = results[at + 4] as number;
      if (slot.verdict?.record === record) this.#enforced(slot, startedAt, duration);
      else if (result === RESULT.COMPLETED) this.#host.completed(record, value, startedAt, duration, slot.threadId);
      else {
        const thrown = decodeThrown(value as never);
        crashed = result === RESULT.CRASHED;
        const outcome = crashed ? 'crashed' : 'failed';
        const error = crashed ? endings.uncaughtError(record, thrown) : thrown;
        this.#host.ended(record, { outcome, error, startedAt, duration, threadId: slot.threadId, started: true });
      }
    }
    if (crashed) this.#kill(slot, 'crashed');
    else if (last && slot.state === 'busy') this.#batchOver(slot);
  }

  /** A job that was told to stop has ended within its grace period: it ends as it was judged, and its thread lives on. */
  #enforced(slot: Slot, startedAt: number, duration: number): void {
    const { record, outcome, error } = slot.verdict as Verdict;
    slot.verdict = undefined;
    this.#host.ended(record, { outcome, error, startedAt, duration, threadId: slot.threadId, started: true });
  }

  #batchOver(slot: Slot): void {
    slot.state = 'idle';
    slot.verdict = undefined;
    this.#busy--;
    this.#idle.push(slot);
    if (slot.retiring) this.#kill(slot, 'late-error');
    this.schedule();
  }

  #lateError(slot: Slot, message: Extract<FromThread, { type: 'late-error' }>): void {
    this.#host.lateError(slot.threadId, message, decodeThrown(message.error));
    slot.retiring = true;
    if (slot.state === 'idle') this.#kill(slot, 'late-error');
    else if (slot.state === 'busy') this.#host.returned(slot.withdraw());
    this.schedule();
  }

  // --- limits

  /** The deadline of a thread fired: what does it do? */
  #look(slot: Slot): void {
    if (slot.state === 'booting') return this.#bootOver(slot);
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    const finding = judge(slot, this.#clock.now());
    if (finding.is === 'fine' || finding.is === 'holding-back') {
      this.#deadlineOf(slot).within(finding.lookAgainIn);
      if (finding.is === 'fine') return;
      this.#host.returned(slot.withdraw());
      return this.schedule();
    }
    // The main thread may have been blocked: let the messages that wait be handled before anybody is killed.
    setImmediate(() => setImmediate(() => this.#confirm(slot)));
  }

  #confirm(slot: Slot): void {
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    const finding = judge(slot, this.#clock.now());
    const running = slot.running();
    if (finding.is === 'stuck') return this.#kill(slot, 'stuck');
    if (running === undefined || finding.is === 'fine' || finding.is === 'holding-back') return this.#deadlineOf(slot).within(1);
    const { record, position, since } = running;
    if (finding.is === 'not-loading') {
      slot.batch[position] = undefined;
      this.#settle(slot, record, 'failed', endings.loadTimeoutError(record), since, true);
      return this.#kill(slot, 'not-loading');
    }
    this.#host.returned(slot.withdraw());
    this.#end(slot, position, { record, outcome: 'timed-out', error: endings.timeoutError(record, this.#clock.now() - since) });
  }

  #bootOver(slot: Slot): void {
    this.#notReady(endings.bootError(new Error(`a thread did not boot and load the queue's jobs within ${LOAD_LIMIT} ms`)));
    this.#kill(slot, 'not-loading');
  }

  // --- endings

  /** Ends the running job of a thread: at once, or when its grace period is over. The first verdict wins. */
  #end(slot: Slot, position: number, verdict: Verdict): void {
    if (slot.verdict !== undefined) return;
    slot.verdict = verdict;
    const { gracePeriod } = verdict.record.kind.definition;
    if (gracePeriod === 0) return this.#kill(slot, verdict.outcome);
    slot.stop(position, encodeThrown(verdict.error));
    this.#clock.setTimeout(() => {
      if (slot.verdict === verdict) this.#kill(slot, verdict.outcome);
    }, gracePeriod);
  }

  /** Terminates a thread. What it had finished counts; what it had not started goes elsewhere; one job is the culprit. */
  #kill(slot: Slot, reason: KillReason): void {
    if (slot.state === 'dying' || slot.state === 'gone') return;
    const wasBusy = slot.state === 'busy';
    const unstarted = slot.withdraw();
    slot.drain();
    // The batch was over already: nobody is to blame any more.
    if (wasBusy && slot.state !== 'busy') return this.#host.returned(unstarted);
    const running = slot.running();
    this.#remove(slot, slot.state);
    slot.state = 'dying';
    this.#dying++;
    this.killed++;
    this.#deadlineOf(slot).clear();
    slot.gone = gone(slot.worker);
    this.#pool.kill(slot.worker);
    this.#watchDying(slot, slot.verdict?.record);
    this.#host.threadKilled(slot.threadId, reason, slot.verdict?.record);
    const lost = slot.takeRest();
    this.#host.returned(unstarted);
    for (const record of lost.reverse()) {
      const since = running?.record === record ? running.since : this.#clock.now();
      if (slot.verdict?.record === record) this.#settle(slot, record, slot.verdict.outcome, slot.verdict.error, since, true);
      else this.#settle(slot, record, 'interrupted', undefined, since, true);
    }
    this.schedule();
  }

  #watchDying(slot: Slot, record: JobRecord | undefined): void {
    this.#clock.setTimeout(() => {
      if (slot.state !== 'dying') return;
      slot.isZombie = true;
      // A termination can be lost; a second one is harmless.
      void slot.worker.terminate();
      this.#host.threadZombie(slot.threadId, record);
    }, ZOMBIE_AFTER);
  }

  #settle(slot: Slot, record: JobRecord, outcome: Outcome, error: unknown, startedAt: number, started: boolean): void {
    const position = slot.batch.indexOf(record);
    if (position >= 0) slot.batch[position] = undefined;
    const duration = started ? Math.max(0, this.#clock.now() - startedAt) : 0;
    this.#host.ended(record, { outcome, error, startedAt, duration, threadId: slot.threadId, started, gone: slot.gone });
  }

  /** Takes a thread out of the count of its state. */
  #remove(slot: Slot, state: Slot['state']): void {
    if (state === 'busy') this.#busy--;
    if (state === 'dying') this.#dying--;
    if (state === 'idle') this.#idle.splice(this.#idle.indexOf(slot), 1);
  }

  #slotOf(record: JobRecord): Slot | undefined {
    for (const slot of this.#slots.values()) if (slot.state === 'busy' && slot.batch.includes(record)) return slot;
    return undefined;
  }

  #deadlineOf(slot: Slot): Deadline {
    return this.#deadlines.get(slot) as Deadline;
  }
}

function cloneError(record: JobRecord): NotCloneableError | undefined {
  try {
    structuredClone(record.input, { transfer: [] });
    structuredClone(record.options?.metadata);
  } catch (cause) {
    const { id: jobId, attempt } = record;
    const { name: jobName } = record.kind.definition;
    return new NotCloneableError(`the input of ${jobName} cannot be sent to a thread: ${(cause as Error).message}`, {
      cause,
      jobId,
      jobName,
      attempt,
    });
  }
  return undefined;
}

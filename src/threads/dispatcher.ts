import type { Clock } from '../clock.js';
import { CrashError, type PostMortem } from '../errors.js';
import type { JobKind } from '../job/kind.js';
import type { JobRecord } from '../job/record.js';
import { nextTick, queueMicrotask, setImmediate } from '../timers.js';
import * as attemptErrors from './attempt-errors.js';
import { type Batch, nextBatch, type Source } from './batch.js';
import { HOLDS_BACK_AFTER, LOOK_AT_LEAST_EVERY } from './deadline.js';
import { InboxReader } from './inbox-reader.js';
import { soonest } from './inspect.js';
import { Inspections } from './inspections.js';
import { threadInspector } from './inspector.js';
import type { Location, Reports, Run, Runner, ThreadStats } from './runner.js';
import type { Slot, SlotState } from './slot.js';
import { Threads, type ThreadsOptions } from './threads.js';
import { Watchdog } from './watchdog.js';
import { decodeThrown } from './wire/error-codec.js';
import { type FromThread, type HandlerMessage, RESULT, type ResultsMessage } from './wire/protocol.js';

export interface DispatcherOptions extends ThreadsOptions {
  /** Whether to look where a job is stuck before its thread is terminated. */
  postMortem: boolean;
}

/** A larger `maxBatch` changes nothing but the memory that is set aside for it. */
const LARGEST_BATCH = 4_096;

/** Gives batches to threads and takes results back. */
export class Dispatcher implements Runner {
  readonly #threads: Threads;
  readonly #source: Source;
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #options: DispatcherOptions;
  readonly #watchdog: Watchdog;
  readonly #inboxes: InboxReader;
  #scheduled = false;
  /** Whether jobs were sent in this turn of the event loop. */
  #hadItsTurn = false;

  constructor(source: Source, reports: Reports, clock: Clock, options: DispatcherOptions) {
    this.#source = source;
    this.#reports = reports;
    this.#clock = clock;
    this.#inboxes = new InboxReader(clock);
    this.#options = { ...options, maxBatch: Math.min(options.maxBatch, LARGEST_BATCH) };
    // Before the first thread starts: see there.
    const inspector = options.postMortem ? threadInspector() : undefined;
    this.#threads = new Threads(clock, this.#options, {
      opened: () => this.schedule(),
      message: (slot, message) => this.#receive(slot, message),
      deadline: (slot) => this.#watchdog.look(slot),
      exited: (slot, state, exitCode) => this.#exited(slot, state, exitCode),
      zombie: (slot) => reports.threadZombie(slot.threadId, slot.verdict?.record),
      cannotBoot: (error) => this.#failAll(error),
      notLoading: (kind) => this.#failKind(kind),
      trouble: (facts, message) => reports.trouble(facts, message),
    });
    this.#watchdog = new Watchdog(reports, clock, this.#threads, inspector && new Inspections(inspector));
    this.#threads.start();
  }

  /**
   * Gives work to threads, once the code that runs now has added all it wants to add. Only once so early in a turn of the
   * event loop, then at its end: Node.js goes on reading a port as long as messages come, and threads that answer at
   * once would keep everybody else from their turn.
   */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#hadItsTurn) setImmediate(this.#dispatchNow);
    else queueMicrotask(this.#afterMicrotasks);
  }

  // Made once, for `schedule` is called for every job.
  readonly #dispatchNow = () => this.#dispatch();
  readonly #afterMicrotasks = () => nextTick(this.#dispatchNow);
  readonly #turnOver = () => {
    this.#hadItsTurn = false;
  };

  /** Stops an active job: tells it, and terminates its thread when its grace period is over. */
  cancel(record: JobRecord, reason: unknown): boolean {
    const slot = this.#slotOf(record);
    if (slot !== undefined) this.#watchdog.cancel(slot, record, reason);
    return slot !== undefined;
  }

  /** Where an active job is. */
  locate(record: JobRecord): Location | undefined {
    const slot = this.#slotOf(record);
    if (slot === undefined) return undefined;
    const { threadId } = slot;
    const running = slot.running();
    if (running?.record !== record) return { phase: 'sent', threadId };
    return { phase: running.loading ? 'loading' : 'running', threadId, since: running.since };
  }

  /** Looks where a running job is; `undefined` when it is not running, or nobody may look. */
  async inspect(record: JobRecord): Promise<PostMortem | undefined> {
    const slot = this.#slotOf(record);
    if (slot?.running()?.record !== record) return undefined;
    return this.#watchdog.inspect(slot);
  }

  /** Jobs that are on threads, sent or running. */
  active(): JobRecord[] {
    return [...this.#threads].flatMap((slot) => slot.records());
  }

  /**
   * Takes all jobs from the threads. What has finished counts, and what was judged ends as judged; of the rest, a job
   * that must not run twice has failed with `error`, and the others wait again.
   */
  abandon(error: Error): void {
    const ended: (() => void)[] = [];
    const back: JobRecord[] = [];
    for (const slot of this.#threads) {
      if (slot.state !== 'busy') continue;
      back.push(...slot.withdraw());
      slot.drain();
      const { verdict } = slot;
      for (const [record, run] of slot.takeRest(this.#clock.now())) {
        if (record === verdict?.record) ended.push(() => this.#watchdog.settle(slot, record, verdict.outcome, verdict.error, run));
        else if (record.kind.definition.delivery === 'at-most-once')
          ended.push(() => this.#watchdog.settle(slot, record, 'interrupted', error, run));
        else back.push(record);
      }
    }
    this.#reports.returned(back.sort((a, b) => a.order - b.order));
    for (const end of ended) end();
  }

  get holdup(): Runner['holdup'] {
    if (this.#threads.hasRoom) return undefined;
    if (this.#threads.isBlocked) return 'zombies';
    const { busy, starting, size } = this.stats;
    return busy === 0 && starting === size ? 'threads-starting' : 'threads-busy';
  }

  get stats(): ThreadStats {
    return this.#threads.stats;
  }

  /** Resolves when all threads have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    return this.#threads.ready();
  }

  /** Terminates all threads. Resolves when they have exited; native code may keep them for long. */
  close(): Promise<void> {
    return this.#threads.close();
  }

  // --- batches go out

  #dispatch(): void {
    this.#scheduled = false;
    const { maxBatch, threads } = this.#options;
    for (let { size } = this.#source; size > 0; size = this.#source.size) {
      // The last ones wait for whoever is free first; without batches all do.
      const candidates = this.#threads.candidates(size > threads && maxBatch > 1);
      const [slot] = candidates;
      if (slot === undefined) return this.#makeWay();
      const batch = nextBatch(this.#source, Math.min(maxBatch, Math.ceil(size / candidates.length)), slot.state === 'busy');
      if (batch.records.length === 0) return;
      this.#send(slot, batch);
    }
  }

  /** Takes back what was sent ahead where a job of higher priority would wait for it longer than for one batch. */
  #makeWay(): void {
    const { head } = this.#source;
    if (head === undefined) return;
    for (const slot of this.#threads) if (slot.state === 'busy' && slot.delays(head.priority)) this.#reports.returned(slot.withdraw());
  }

  #send(slot: Slot, batch: Batch): void {
    const { records } = batch;
    for (const record of records) this.#reports.started(record);
    if (!this.#post(slot, batch)) return;
    this.#threads.work(slot);
    if (!this.#hadItsTurn) {
      this.#hadItsTurn = true;
      setImmediate(this.#turnOver);
    }
    slot.deadline.within(Math.min(soonest(records), slot.holdsBack ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY));
    this.#reports.sent(records);
  }

  /** Sends the batch. A job whose input cannot be cloned fails by itself; the others wait again. Whether it was sent. */
  #post(slot: Slot, { records, cost }: Batch): boolean {
    try {
      slot.send(records, cost);
      return true;
    } catch (error) {
      const bad = records.length === 1 ? records : records.filter((record) => !isCloneable(record));
      // Each can be cloned, and yet all cannot: no job may be left without an end.
      const culprits = bad.length === 0 ? records : bad;
      this.#reports.returned(records.filter((record) => !culprits.includes(record)));
      for (const record of culprits) this.#watchdog.settleUnstarted(slot, record, 'failed', attemptErrors.notSent(record, error));
      return false;
    }
  }

  /** No thread can be had: jobs that wait for one fail, instead of waiting for ever. */
  #failAll({ message, reason, exitCode, cause }: CrashError): void {
    // Not those that listeners add now.
    for (let { size } = this.#source; size > 0 && this.#source.head !== undefined; size--) {
      const record = this.#source.take();
      // Its limit refused it: another job is the head now.
      if (record === undefined) continue;
      this.#reports.started(record);
      // One of its own: it gets the job's facts.
      const error = new CrashError(message, reason, exitCode, { cause });
      this.#reports.ended(record, { outcome: 'crashed', error, startedAt: this.#clock.now(), duration: 0, threadId: 0, started: false });
    }
  }

  /** The module of a kind did not load where nothing else ran: who waits for it need not wait longer. */
  #failKind(kind: JobKind): void {
    for (const record of [...this.#source]) {
      // A listener may have ended it.
      if (record.kind !== kind || record.state !== 'waiting') continue;
      this.#source.remove(record);
      this.#reports.started(record);
      const error = attemptErrors.loadTimeoutError(kind.definition);
      this.#reports.ended(record, { outcome: 'failed', error, startedAt: this.#clock.now(), duration: 0, threadId: 0, started: false });
    }
  }

  // --- results come in

  #receive(slot: Slot, message: FromThread | HandlerMessage): void {
    switch (message.type) {
      case 'results':
        return this.#results(slot, message);
      case 'late-error':
        this.#reports.lateError(slot.threadId, message.jobId, decodeThrown(message.error));
        return this.#retire(slot);
      case 'exit':
        slot.exitedBy = message;
        return;
      case 'news':
        return this.#inboxes.news(slot.inbox);
      case 'progress':
      case 'checkpoint':
      case 'log': {
        const record = slot.at(message.position);
        if (record !== undefined) this.#reports.message(record, message);
      }
    }
  }

  #results(slot: Slot, { first, values, results, last }: ResultsMessage): void {
    // All are taken before anybody is told: a listener may cancel another job of the message, which has ended too.
    const records = values.map((_, at) => slot.take(first + at));
    for (let at = 0; at < values.length; at++) {
      const record = records[at];
      if (record === undefined) continue;
      const position = first + at;
      const startedAt = slot.startedAt(position);
      const duration = slot.duration(position);
      if (results === undefined && slot.verdict === undefined) {
        this.#reports.completed(record, values[at], startedAt, duration, slot.threadId);
      } else this.#result(slot, record, results?.[at], values[at], startedAt, duration);
    }
    if (last && slot.state === 'busy') this.#batchOver(slot);
  }

  /** A result where not all is well. A job that was told to stop and has ended within its grace period ends as it was judged. */
  #result(slot: Slot, record: JobRecord, result: number | undefined, value: unknown, startedAt: number, duration: number): void {
    const { verdict } = slot;
    const run = { startedAt, duration, started: true };
    if (result === RESULT.CRASHED) {
      this.#watchdog.crash(slot, record, attemptErrors.uncaughtError(record, decodeThrown(value as never)), run);
    } else if (verdict?.record === record) {
      slot.verdict = undefined;
      // Its deadline is used up, and other jobs may be on the thread.
      slot.deadline.within(Math.min(soonest(slot.records()), LOOK_AT_LEAST_EVERY));
      this.#watchdog.settle(slot, record, verdict.outcome, verdict.error, run);
    } else if (result === RESULT.FAILED) this.#watchdog.settle(slot, record, 'failed', decodeThrown(value as never), run);
    else this.#reports.completed(record, value, startedAt, duration, slot.threadId);
  }

  #batchOver(slot: Slot): void {
    const lost = slot.batchOver();
    // A job without a result: what it did to the thread's globals has broken more than itself.
    if (lost !== undefined) return this.#watchdog.blame(slot, lost);
    if (slot.isAtRest) {
      this.#threads.rest(slot);
      if (slot.retiring) this.#watchdog.kill(slot, 'late-error');
    }
    this.schedule();
  }

  /** What a job has left behind on this thread may harm others: the running job may end, then the thread is replaced. */
  #retire(slot: Slot): void {
    slot.retiring = true;
    if (slot.state === 'idle') this.#watchdog.kill(slot, 'late-error');
    else if (slot.state === 'busy') this.#reports.returned(slot.withdraw());
  }

  // --- a thread has exited

  #exited(slot: Slot, state: SlotState, exitCode: number): void {
    const running = slot.running();
    const suspect = slot.suspect;
    const { exitedBy, threadId } = slot;
    const late = exitedBy !== undefined && exitedBy.jobId !== suspect?.id && !(running?.loading && exitedBy.jobId === undefined);
    const culprit = late ? undefined : suspect;
    this.#reports.returned(slot.withdraw());
    const rest = slot.takeRest(this.#clock.now());
    for (const [record, run] of rest) {
      if (record === culprit) continue;
      this.#watchdog.settle(slot, record, 'interrupted', attemptErrors.innocentError(record, slot, exitCode), run);
    }
    if (late) this.#reports.lateError(threadId, exitedBy.jobId, attemptErrors.lateExitError(exitedBy, exitCode));
    if (culprit !== undefined) this.#crashed(slot, culprit, rest.get(culprit) as Run, running?.loading ?? false, exitCode);
    if (state === 'idle' || state === 'busy') this.#reports.threadKilled(threadId, 'crashed', culprit);
    this.schedule();
  }

  #crashed(slot: Slot, record: JobRecord, run: Run, loading: boolean, exitCode: number): void {
    if (loading) this.#watchdog.settle(slot, record, 'failed', attemptErrors.loadCrashError(record, slot, exitCode), run);
    else this.#watchdog.settle(slot, record, 'crashed', attemptErrors.crashError(record, slot, exitCode), run);
  }

  #slotOf(record: JobRecord): Slot | undefined {
    for (const slot of this.#threads) if (slot.state === 'busy' && slot.positionOf(record) >= 0) return slot;
    return undefined;
  }
}

function isCloneable(record: JobRecord): boolean {
  try {
    structuredClone([record.input, record.options?.metadata, record.checkpoint]);
    return true;
  } catch {
    return false;
  }
}

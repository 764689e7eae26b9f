import type { Clock } from '../clock.js';
import type { PostMortem } from '../errors.js';
import type { JobRecord } from '../job/job.js';
import { nextBatch } from './batch.js';
import { Crew, type CrewOptions } from './crew.js';
import { HOLDS_BACK_AFTER, LOOK_AT_LEAST_EVERY } from './deadline.js';
import * as endings from './endings.js';
import { Enforcer } from './enforcer.js';
import { decodeThrown } from './error-codec.js';
import type { DispatchHost } from './host.js';
import { threadInspector } from './inspector.js';
import { soonest } from './judge.js';
import { PostMortems } from './post-mortem.js';
import { type FromThread, RESULT, RESULT_FIELD, RESULT_FIELDS } from './protocol.js';
import type { Location, Runner, ThreadStats } from './runner.js';
import type { Slot, SlotState } from './slot.js';

export interface DispatcherOptions extends CrewOptions {
  maxBatch: number;
  /** Whether to look where a job is stuck before its thread is terminated. */
  postMortem: boolean;
}

/** Gives batches to threads and takes results back. */
export class Dispatcher implements Runner {
  readonly #crew: Crew;
  readonly #host: DispatchHost;
  readonly #clock: Clock;
  readonly #options: DispatcherOptions;
  readonly #enforcer: Enforcer;
  #scheduled = false;

  constructor(host: DispatchHost, clock: Clock, options: DispatcherOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#options = options;
    // Before the first thread starts: see there.
    const inspector = options.postMortem ? threadInspector() : undefined;
    this.#crew = new Crew(clock, options, {
      opened: () => this.schedule(),
      message: (slot, message) => this.#receive(slot, message),
      deadline: (slot) => this.#enforcer.look(slot),
      exited: (slot, state, exitCode) => this.#exited(slot, state, exitCode),
      zombie: (slot) => host.threadZombie(slot.threadId, slot.verdict?.record),
      cannotBoot: (error) => this.#failAll(error),
    });
    this.#enforcer = new Enforcer(host, clock, this.#crew, inspector && new PostMortems(inspector));
  }

  /** Gives work to waiting threads, once the code that runs now has added all it wants to add. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => process.nextTick(() => this.#dispatch()));
  }

  /** Stops an active job: tells it, and terminates its thread when its grace period is over. */
  cancel(record: JobRecord, reason: unknown): void {
    const slot = this.#slotOf(record);
    if (slot !== undefined) this.#enforcer.cancel(slot, record, reason);
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
  async lookInto(record: JobRecord): Promise<PostMortem | undefined> {
    const slot = this.#slotOf(record);
    if (slot?.running()?.record !== record) return undefined;
    return this.#enforcer.lookInto(slot);
  }

  /** Jobs that are on threads, sent or running. */
  active(): JobRecord[] {
    return [...this.#crew].flatMap(({ batch }) => batch.filter((record) => record !== undefined));
  }

  /**
   * Takes all jobs from the threads. What has finished counts, and what was judged ends as judged; of the rest, a job
   * that must not run twice has failed with `error`, and the others wait again.
   */
  abandon(error: Error): void {
    const ended: (() => void)[] = [];
    const back: JobRecord[] = [];
    for (const slot of this.#crew) {
      if (slot.state !== 'busy') continue;
      back.push(...slot.withdraw());
      slot.drain();
      const { verdict } = slot;
      const since = slot.running()?.since ?? this.#clock.now();
      for (const record of slot.takeRest()) {
        if (record === verdict?.record) ended.push(() => this.#enforcer.settle(slot, record, verdict.outcome, verdict.error, since, true));
        else if (record.kind.definition.delivery === 'at-most-once')
          ended.push(() => this.#enforcer.settle(slot, record, 'interrupted', error, since, true));
        else back.push(record);
      }
    }
    this.#host.returned(back.sort((a, b) => a.order - b.order));
    for (const end of ended) end();
  }

  get holdup(): Runner['holdup'] {
    if (this.#crew.hasRoom) return undefined;
    if (this.#crew.isBlocked) return 'zombies';
    const { busy, starting, size } = this.stats;
    return busy === 0 && starting === size ? 'threads-starting' : 'threads-busy';
  }

  get stats(): ThreadStats {
    return this.#crew.stats;
  }

  /** Resolves when all threads have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    return this.#crew.ready();
  }

  /** Terminates all threads. Resolves when they have exited; native code may keep them for long. */
  close(): Promise<void> {
    return this.#crew.close();
  }

  // --- batches go out

  #dispatch(): void {
    this.#scheduled = false;
    while (this.#host.size > 0 && this.#crew.hasRoom) {
      const batch = nextBatch(this.#host, this.#options.maxBatch, this.#options.threads);
      if (batch.length === 0) break;
      this.#send(this.#crew.next(), batch);
    }
  }

  #send(slot: Slot, batch: JobRecord[]): void {
    for (const record of batch) this.#host.started(record);
    if (!this.#post(slot, batch)) return;
    this.#crew.work(slot);
    slot.deadline.within(Math.min(soonest(slot), batch.length > 1 ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY));
    this.#host.sent(batch);
  }

  /** Sends the batch. A job whose input cannot be cloned fails by itself; the others wait again. Whether it was sent. */
  #post(slot: Slot, batch: JobRecord[]): boolean {
    try {
      slot.send(batch);
      return true;
    } catch (error) {
      const bad = batch.length === 1 ? batch : batch.filter((record) => !isCloneable(record));
      // Each can be cloned, and yet all cannot: no job may be left without an end.
      const culprits = bad.length === 0 ? batch : bad;
      this.#crew.rest(slot);
      this.#host.returned(batch.filter((record) => !culprits.includes(record)));
      for (const record of culprits) {
        this.#enforcer.settle(slot, record, 'failed', endings.notSent(record, error), this.#clock.now(), false);
      }
      return false;
    }
  }

  /** No thread can be had: jobs that wait for one fail, instead of waiting for ever. */
  #failAll(error: Error): void {
    for (let record = this.#host.take(); record !== undefined; record = this.#host.take()) {
      this.#host.started(record);
      this.#host.ended(record, { outcome: 'crashed', error, startedAt: this.#clock.now(), duration: 0, threadId: 0, started: false });
    }
  }

  // --- results come in

  #receive(slot: Slot, message: FromThread): void {
    switch (message.type) {
      case 'results':
        return this.#results(slot, message.results, message.last);
      case 'late-error':
        this.#host.lateError(slot.threadId, message.jobId, decodeThrown(message.error));
        return this.#retire(slot);
      case 'exit':
        slot.exitedBy = message;
        return;
      case 'open':
        return;
      default: {
        const record = slot.batch[message.position];
        if (record !== undefined) this.#host.said(record, message);
      }
    }
  }

  #results(slot: Slot, results: unknown[], last: boolean): void {
    for (let at = 0; at < results.length; at += RESULT_FIELDS) {
      const position = results[at + RESULT_FIELD.POSITION] as number;
      const record = slot.batch[position];
      if (record === undefined) continue;
      slot.batch[position] = undefined;
      const result = results[at + RESULT_FIELD.RESULT] as number;
      const value = results[at + RESULT_FIELD.VALUE];
      const startedAt = results[at + RESULT_FIELD.STARTED_AT] as number;
      const duration = results[at + RESULT_FIELD.DURATION] as number;
      if (result === RESULT.COMPLETED && slot.verdict === undefined) {
        this.#host.completed(record, value, startedAt, duration, slot.threadId);
      } else if (result === RESULT.CRASHED) {
        this.#enforcer.crash(slot, record, endings.uncaughtError(record, decodeThrown(value as never)), startedAt);
      } else this.#notCompleted(slot, record, result, value, startedAt, duration);
    }
    if (last && slot.state === 'busy') this.#batchOver(slot);
  }

  /** The result of a job that failed, or that was told to stop and has ended within its grace period: then as it was judged. */
  #notCompleted(slot: Slot, record: JobRecord, result: number, value: unknown, startedAt: number, duration: number): void {
    const { verdict, threadId } = slot;
    const times = { startedAt, duration, threadId, started: true };
    if (verdict?.record === record) this.#host.ended(record, { outcome: verdict.outcome, error: verdict.error, ...times });
    else if (result === RESULT.COMPLETED) this.#host.completed(record, value, startedAt, duration, threadId);
    else this.#host.ended(record, { outcome: 'failed', error: decodeThrown(value as never), ...times });
  }

  #batchOver(slot: Slot): void {
    // A job without a result: what it did to the thread's globals has broken more than itself.
    if (slot.suspect !== undefined) return this.#enforcer.kill(slot, 'crashed');
    slot.verdict = undefined;
    this.#crew.rest(slot);
    if (slot.retiring) this.#enforcer.kill(slot, 'late-error');
    this.schedule();
  }

  /** What a job has left behind on this thread may harm others: the running job may end, then the thread is replaced. */
  #retire(slot: Slot): void {
    slot.retiring = true;
    if (slot.state === 'idle') this.#enforcer.kill(slot, 'late-error');
    else if (slot.state === 'busy') this.#host.returned(slot.withdraw());
  }

  // --- a thread has exited

  #exited(slot: Slot, state: SlotState, exitCode: number): void {
    const running = slot.running();
    const suspect = slot.suspect;
    const { exitedBy, threadId } = slot;
    const late = exitedBy !== undefined && exitedBy.jobId !== suspect?.id && !(running?.loading && exitedBy.jobId === undefined);
    const culprit = late ? undefined : suspect;
    const since = running?.since ?? this.#clock.now();
    this.#host.returned(slot.withdraw());
    for (const record of slot.takeRest().reverse()) {
      if (record === culprit) continue;
      this.#enforcer.settle(slot, record, 'interrupted', endings.innocentError(record, slot, exitCode), since, true);
    }
    if (late) this.#host.lateError(threadId, exitedBy.jobId, endings.lateExitError(exitedBy, exitCode));
    if (culprit !== undefined) this.#crashed(slot, culprit, since, running?.loading ?? false, exitCode);
    if (state === 'idle' || state === 'busy') this.#host.threadKilled(threadId, 'crashed', culprit);
    this.schedule();
  }

  #crashed(slot: Slot, record: JobRecord, since: number, loading: boolean, exitCode: number): void {
    if (loading) this.#enforcer.settle(slot, record, 'failed', endings.loadCrashError(record, slot, exitCode), since, true);
    else this.#enforcer.settle(slot, record, 'crashed', endings.crashError(record, slot, exitCode), since, true);
  }

  #slotOf(record: JobRecord): Slot | undefined {
    for (const slot of this.#crew) if (slot.state === 'busy' && slot.batch.includes(record)) return slot;
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

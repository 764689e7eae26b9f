import type { Clock } from '../clock.js';
import { NotCloneableError } from '../errors.js';
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
import { type FromThread, RESULT, RESULT_FIELDS } from './protocol.js';
import type { Slot, SlotState } from './slot.js';

export interface DispatcherOptions extends CrewOptions {
  maxBatch: number;
  /** Whether to look where a job is stuck before its thread is terminated. */
  postMortem: boolean;
}

/** Gives batches to threads and takes results back. */
export class Dispatcher {
  readonly crew: Crew;
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
    this.crew = new Crew(clock, options, {
      opened: () => this.schedule(),
      message: (slot, message) => this.#receive(slot, message),
      deadline: (slot) => this.#enforcer.look(slot),
      exited: (slot, state, exitCode) => this.#exited(slot, state, exitCode),
      zombie: (slot) => host.threadZombie(slot.threadId, slot.verdict?.record),
      cannotBoot: (error) => this.#failAll(error),
    });
    this.#enforcer = new Enforcer(host, clock, this.crew, inspector && new PostMortems(inspector));
  }

  /** Gives work to waiting threads, once the code that runs now has added all it wants to add. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.#dispatch());
  }

  /** Stops an active job: tells it, and terminates its thread when its grace period is over. */
  cancel(record: JobRecord, reason: unknown): void {
    const slot = this.#slotOf(record);
    if (slot !== undefined) this.#enforcer.cancel(slot, record, reason);
  }

  /** Where an active job is: its thread, and since when it runs there; `since` is undefined while it waits in a batch. */
  locate(record: JobRecord): { threadId: number; since: number | undefined } | undefined {
    const slot = this.#slotOf(record);
    if (slot === undefined) return undefined;
    const running = slot.running();
    return { threadId: slot.threadId, since: running?.record === record ? running.since : undefined };
  }

  /** Jobs that are on threads, sent or running. */
  active(): JobRecord[] {
    return [...this.crew].flatMap(({ batch }) => batch.filter((record) => record !== undefined));
  }

  /** Takes all jobs from the threads: the queue hands them back. */
  abandon(): JobRecord[] {
    return [...this.crew].flatMap((slot) => slot.takeRest());
  }

  // --- batches go out

  #dispatch(): void {
    this.#scheduled = false;
    this.#host.threadFree(this.crew.hasRoom);
    while (this.#host.size > 0 && this.crew.hasRoom) {
      const batch = nextBatch(this.#host, this.#options.maxBatch, this.#options.threads);
      if (batch.length === 0) break;
      this.#send(this.crew.next(), batch);
    }
    this.#host.threadFree(this.crew.hasRoom);
  }

  #send(slot: Slot, batch: JobRecord[]): void {
    for (const record of batch) this.#host.started(record);
    const sent = this.#post(slot, batch);
    if (sent.length === 0) return this.crew.rest(slot);
    this.crew.work(slot);
    slot.deadline.within(Math.min(soonest(slot), sent.length > 1 ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY));
  }

  /** Sends the batch; a job whose input cannot be cloned fails by itself, the others go. Returns what was sent. */
  #post(slot: Slot, batch: JobRecord[]): JobRecord[] {
    try {
      slot.send(batch);
      return batch;
    } catch (error) {
      const bad = batch.length === 1 ? batch : batch.filter((record) => !isCloneable(record));
      // Each can be cloned, and yet all cannot: no job may be left without an end.
      const culprits = bad.length === 0 ? batch : bad;
      for (const record of culprits) this.#enforcer.settle(slot, record, 'failed', notSent(record, error), this.#clock.now(), false);
      const rest = batch.filter((record) => !culprits.includes(record));
      return rest.length === 0 ? [] : this.#post(slot, rest);
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
    let crashed = false;
    for (let at = 0; at < results.length; at += RESULT_FIELDS) {
      const position = results[at] as number;
      const record = slot.batch[position];
      if (record === undefined) continue;
      slot.batch[position] = undefined;
      const result = results[at + 1] as number;
      const value = results[at + 2];
      const startedAt = results[at + 3] as number;
      const duration = results[at + 4] as number;
      if (result === RESULT.COMPLETED && slot.verdict === undefined) {
        this.#host.completed(record, value, startedAt, duration, slot.threadId);
      } else {
        crashed ||= result === RESULT.CRASHED;
        this.#notCompleted(slot, record, result, value, startedAt, duration);
      }
    }
    if (crashed) this.#enforcer.kill(slot, 'crashed');
    else if (last && slot.state === 'busy') this.#batchOver(slot);
  }

  /** The result of a job that failed, or that was told to stop and has ended within its grace period: then as it was judged. */
  #notCompleted(slot: Slot, record: JobRecord, result: number, value: unknown, startedAt: number, duration: number): void {
    const { verdict, threadId } = slot;
    const times = { startedAt, duration, threadId, started: true };
    if (verdict?.record === record) this.#host.ended(record, { outcome: verdict.outcome, error: verdict.error, ...times });
    else if (result === RESULT.COMPLETED) this.#host.completed(record, value, startedAt, duration, threadId);
    else {
      const thrown = decodeThrown(value as never);
      if (result === RESULT.CRASHED)
        this.#host.ended(record, { outcome: 'crashed', error: endings.uncaughtError(record, thrown), ...times });
      else this.#host.ended(record, { outcome: 'failed', error: thrown, ...times });
    }
  }

  #batchOver(slot: Slot): void {
    slot.verdict = undefined;
    this.crew.rest(slot);
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
    const unstarted = slot.withdraw();
    const running = slot.running();
    const lost = slot.takeRest().reverse();
    this.#host.returned(unstarted);
    if (running !== undefined) this.#crashed(slot, running, exitCode);
    else if (state === 'idle' || state === 'busy') this.#host.threadKilled(slot.threadId, 'crashed', undefined);
    const now = this.#clock.now();
    for (const record of lost) if (record !== running?.record) this.#enforcer.settle(slot, record, 'interrupted', undefined, now, true);
    this.schedule();
  }

  /** The thread died while a job ran: by that job, or by what an earlier one had left behind. */
  #crashed(slot: Slot, { record, since, loading }: { record: JobRecord; since: number; loading: boolean }, exitCode: number): void {
    const { exitedBy, threadId } = slot;
    this.#host.threadKilled(threadId, 'crashed', record);
    if (exitedBy?.jobId !== undefined && exitedBy.jobId !== record.id) {
      this.#host.lateError(threadId, exitedBy.jobId, endings.lateExitError(exitedBy, exitCode));
      this.#enforcer.settle(slot, record, 'interrupted', endings.innocentError(record, slot, exitCode), since, true);
    } else if (loading) this.#enforcer.settle(slot, record, 'failed', endings.loadCrashError(record, slot, exitCode), since, true);
    else this.#enforcer.settle(slot, record, 'crashed', endings.crashError(record, slot, exitCode), since, true);
  }

  #slotOf(record: JobRecord): Slot | undefined {
    for (const slot of this.crew) if (slot.state === 'busy' && slot.batch.includes(record)) return slot;
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

function notSent(record: JobRecord, cause: unknown): NotCloneableError {
  const { name } = record.kind.definition;
  return new NotCloneableError(`the input of ${name} cannot be sent to a thread: ${(cause as Error).message}`, { cause });
}

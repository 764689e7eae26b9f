import type { Ended } from './ended/ended.js';
import { attachJob } from './errors/errors.js';
import type { AddOptions } from './job/add-options.js';
import { cancelled, expired, type LateError } from './job/cancelled.js';
import { handleOf } from './job/job.js';
import type { JobKind } from './job/kind.js';
import { enter, move } from './job/move.js';
import { noteEnd, notePutOff } from './job/note-end.js';
import type { JobRecord } from './job/record.js';
import type { Commands, Former, Register } from './job/register.js';
import { announceEnd } from './job/result.js';
import { announceActive, announceEnded } from './observe/announce.js';
import { hear, type Listeners } from './observe/handler-message.js';
import { execution } from './observe/log.js';
import { Decisions } from './observe/next.js';
import { ThreadNews } from './observe/thread-news.js';
import type { AttemptEnd, HandlerMessage, Reports, Runner, Usage } from './threads/runner.js';
import type { Admission } from './waiting/admission.js';
import { Delays } from './waiting/delays.js';
import { Expiries } from './waiting/expiries.js';
import type { Idempotency } from './waiting/idempotency.js';
import { Living } from './waiting/living.js';
import { Ties } from './waiting/ties.js';
import type { WaitingJobs } from './waiting/waiting-jobs.js';

/** The parts of a queue that a job passes. */
interface Parts extends Listeners {
  readonly random: () => number;
  readonly register: Register;
  readonly waiting: WaitingJobs;
  readonly admission: Admission;
  readonly idempotency: Idempotency;
  readonly ended: Ended;
}

/**
 * The life of a job. Every change of its state is made here, in the order of this file; the README draws it.
 * Code of the user is called only where nothing is on its way between two places: a backoff function before anything
 * changes, listeners after all has changed.
 */
export class Lifecycle implements Reports<JobRecord>, Commands {
  readonly delays: Delays;
  readonly living: Living;
  readonly threads: ThreadNews;
  readonly #expiries: Expiries;
  readonly #parts: Parts;
  readonly #ties: Ties;
  readonly #decisions: Decisions;
  #runner!: Runner;
  #order = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.living = new Living(parts.clock);
    this.#ties = new Ties(parts.idempotency, parts.register);
    this.delays = new Delays(parts.clock, (record) => this.#due(record));
    this.#expiries = new Expiries(parts.clock, (record) => this.#expire(record));
    this.#decisions = new Decisions(parts.random, parts.logger);
    this.threads = new ThreadNews(parts.announcer, parts.logger);
  }

  /** The runner reports to this, so it is made later. */
  runBy(runner: Runner): void {
    this.#runner = runner;
    this.#parts.waiting.takenBy(runner);
    this.#parts.register.keptBy(this, runner);
  }

  // --- 1. It comes in: waiting or delayed

  /** `awaited`: somebody waits for its end, see {@link JobRecord.awaited}. */
  enter(kind: JobKind, input: unknown, settings: AddOptions | undefined, awaited: boolean, former?: Former): JobRecord {
    const { clock, register, waiting, announcer } = this.#parts;
    const record = register.add(kind, input, settings, awaited, ++this.#order, clock.now(), former);
    if (record.options !== undefined) this.#ties.tie(record);
    this.living.begin();
    kind.totals.added++;
    enter(record, settings?.delay ? 'delayed' : 'waiting');
    if (settings?.delay) this.delays.add(record, settings.delay);
    else waiting.push(record);
    announcer.announceJob('added', record);
    this.#expiries.enters(record);
    return record;
  }

  // --- 2. Its time has come: delayed → waiting

  #due(record: JobRecord): void {
    move(record, 'waiting');
    record.readyAt = this.#parts.clock.now();
    record.order = ++this.#order;
    this.#parts.waiting.push(record);
  }

  /** Or its owner does not let it wait for that. False while the thread of its last attempt has not exited. */
  promote(record: JobRecord): boolean {
    if (this.delays.dueAt(record) === undefined || !this.delays.remove(record)) return false;
    this.#due(record);
    return true;
  }

  // --- 3. A thread has it: waiting → active; not started after all: back, at no cost

  started(record: JobRecord): void {
    move(record, 'active');
    record.attempt++;
    this.#expiries.over(record);
  }

  sent(records: readonly JobRecord[]): void {
    const { register, announcer, admission } = this.#parts;
    register.calendar.look();
    announceActive(announcer, records);
    admission.roomMade();
  }

  free(): void {
    this.#parts.admission.roomMade(true);
  }

  /** Before all that came later: their order is the one they had. */
  returned(records: readonly JobRecord[]): void {
    for (const record of records) {
      record.attempt--;
      move(record, 'waiting');
      this.#expiries.waits(record);
    }
    this.#parts.waiting.returned(records);
  }

  message(record: JobRecord, message: HandlerMessage): void {
    hear(record, message, this.#parts);
  }

  // --- 4. The attempt ends: active → completed; or as decided: waiting, delayed, failed, cancelled

  completed(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number, usage?: Usage): void {
    const error = this.#decisions.lastWord(record);
    if (error !== undefined)
      return this.ended(record, { outcome: 'cancelled', error, startedAt, duration, started: true, threadId, usage });
    this.#parts.waiting.ended(record, startedAt, undefined);
    record.kind.recordRun(record.ran(startedAt, duration, threadId, usage), duration);
    record.output = output;
    this.#finish(record, 'completed', startedAt + duration);
  }

  ended(record: JobRecord, end: AttemptEnd): void {
    const { waiting, logger, clock } = this.#parts;
    const { started, startedAt, exited } = end;
    attachJob(end.error, { jobId: record.id, jobName: record.kind.definition.name, attempt: record.attempt });
    const { next, error } = this.#decisions.of(record, end);
    waiting.ended(record, started ? startedAt : undefined, exited);
    if (next.to === 'put-off') return this.#putOff(record, next.delay, next.limited);
    noteEnd(record, end);
    if (next.to === 'waiting') {
      logger?.warn(execution(handleOf(record), logger), 'job interrupted: another job ended its thread');
      this.returned([record]);
    } else if (next.to === 'delayed') this.#retry(record, error, next.delay, exited);
    else {
      record.error = error;
      this.#finish(record, next.to, clock.now());
    }
  }

  /** The job comes back after its backoff, and not before its thread is gone: it never runs beside itself. */
  #retry(record: JobRecord, error: unknown, delay: number, exited: Promise<void> | undefined): void {
    record.kind.totals.retried++;
    move(record, 'delayed');
    this.delays.add(record, delay, exited);
    this.#parts.announcer.announceJob('retrying', record, error, delay);
  }

  /** The attempt does not count: the job comes back later, or waits with all of its definition. */
  #putOff(record: JobRecord, delay: number, limited: boolean): void {
    notePutOff(record);
    move(record, limited ? 'waiting' : 'delayed');
    if (!limited) this.delays.add(record, delay);
    else this.#parts.waiting.putOff(record, delay);
    this.#parts.announcer.announceJob('snoozed', record, delay);
  }

  // --- 5. The job ends, exactly once

  /** Ends a living job on its owner's word. The text of a reason is made first: it may do anything. False when it has completed. */
  cancel(record: JobRecord, reason: unknown): boolean {
    const error = cancelled(record, reason);
    if (record.state === 'active') return this.#runner.cancel(record, reason) ?? this.#decisions.cancel(record, error);
    if (!record.ended) this.giveUp(record, error);
    return true;
  }

  /** Ends a job that no thread has. */
  giveUp(record: JobRecord, error: Error | LateError): void {
    this.#take(record);
    record.error = error;
    this.#finish(record, 'cancelled', this.#parts.clock.now());
  }

  /** It has waited for its first start for too long. */
  #expire(record: JobRecord): void {
    record.kind.totals.expired++;
    this.#parts.announcer.change(() => {
      this.giveUp(record, expired(record));
      this.#parts.announcer.announceJob('expired', record);
    });
  }

  #finish(record: JobRecord, state: 'completed' | 'failed' | 'cancelled', at: number): void {
    const { announcer, register, admission, ended } = this.#parts;
    move(record, state);
    record.finished(at);
    record.kind.totals[state]++;
    if (record.options !== undefined) this.#ties.untie(record);
    const evicted = ended.add(record);
    if (evicted !== undefined) register.forget(evicted);
    announceEnd(record);
    announceEnded(announcer, record, state, evicted, ended.deadLetters);
    admission.roomMade();
    // The last one, and none has come since.
    if (register.living === 0 && this.living.end()) announcer.announce('drained');
  }

  /** It waits no more. */
  #take(record: JobRecord): void {
    if (!this.delays.remove(record)) this.#parts.waiting.remove(record);
    this.#expiries.over(record);
  }

  /** Or it is handed back, without an end: no timer, signal or handle reaches it here any more. */
  handBack(record: JobRecord, error: Error): void {
    this.#take(record);
    if (record.options !== undefined) this.#ties.untie(record);
    this.#parts.register.forget(record);
    record.error = error;
    announceEnd(record);
    if (this.#parts.register.living === 0) this.living.end();
  }

  // --- 6. A dead letter lives again: failed → waiting

  replay(record: JobRecord, input: unknown): void {
    this.#parts.ended.deadLetters.delete(record);
    record.renew(input);
    this.#parts.register.measure(record);
    record.kind.totals.replayed++;
    this.living.begin();
    if (record.options !== undefined) this.#ties.tie(record);
    this.#due(record);
  }
}

import type { Ended } from './ended/ended.js';
import { attachJob, ExpiredError } from './errors.js';
import type { Announcer } from './events.js';
import type { AddOptions } from './job/add-options.js';
import { cancelled, type LateError } from './job/cancelled.js';
import { handleOf } from './job/job.js';
import type { JobKind } from './job/kind.js';
import { nextOf } from './job/next.js';
import { enter, type Former, type JobRecord, move } from './job/record.js';
import type { Commands, Register } from './job/register.js';
import { announceEnd } from './job/result.js';
import type { JobState } from './job/state.js';
import { hear } from './observe/handler-message.js';
import { execution, type JobLogger, report } from './observe/log.js';
import type { AttemptEnd, HandlerMessage, KillReason, Reports, Runner } from './threads/runner.js';
import type { Clock } from './time/clock.js';
import type { Admission } from './waiting/admission.js';
import { Delays } from './waiting/delays.js';
import type { Idempotency } from './waiting/idempotency.js';
import { Living } from './waiting/living.js';
import { Ties } from './waiting/ties.js';
import type { WaitingJobs } from './waiting/waiting-jobs.js';

/** The parts of a queue that a job passes. */
interface Parts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: JobLogger | undefined;
  readonly announcer: Announcer;
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
  /** When jobs are dropped that have not been started. */
  readonly #expiries: Delays;
  /** Asked whenever jobs have moved: a queue that closes waits for them. */
  watcher: { check(): void } | undefined;
  readonly #parts: Parts;
  readonly #ties: Ties;
  #runner!: Runner;
  #order = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.living = new Living(parts.clock);
    this.#ties = new Ties(parts.idempotency, parts.register);
    this.delays = new Delays(parts.clock, (record) => this.#due(record));
    this.#expiries = new Delays(parts.clock, (record) => this.#expire(record));
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
    if (record.maxWait !== undefined && record.attempt === 0) this.#expiries.add(record, record.maxWait);
    announcer.announceJob('added', record);
    return record;
  }

  /** Or in the place of one that has not been started, or waits to be tried again: that is cancelled. */
  replace(former: JobRecord, input: unknown, settings: AddOptions | undefined, awaited: boolean): JobRecord {
    return this.#parts.announcer.change(() => {
      const { order } = former;
      const inLine = former.state === 'waiting';
      // Before the other leaves: its room is this one's.
      const record = this.enter(former.kind, input, settings, awaited);
      this.giveUp(former, cancelled(former, 'replaced by a newer job of its idempotency key'));
      if (!inLine || record.state !== 'waiting') return record;
      this.#parts.waiting.remove(record);
      record.order = order;
      this.#parts.waiting.returned([record]);
      return record;
    });
  }

  // --- 2. Its time has come: delayed → waiting

  #due(record: JobRecord): void {
    this.#move(record, 'waiting');
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
    this.#move(record, 'active');
    record.attempt++;
    if (this.#expiries.size > 0) this.#expiries.remove(record);
  }

  sent(records: readonly JobRecord[]): void {
    const { register, announcer, admission } = this.#parts;
    register.calendar.look();
    // A copy: a listener may cancel jobs of the batch.
    for (const record of announcer.hasListeners('active') ? [...records] : []) {
      if (record.state !== 'active' || record.toldActive === record.attempt) continue;
      record.toldActive = record.attempt;
      announcer.announceJob('active', record);
    }
    admission.roomMade();
  }

  free(): void {
    this.#parts.admission.roomMade();
  }

  /** Before all that came later: their order is the one they had. */
  returned(records: readonly JobRecord[]): void {
    for (const record of records) {
      record.attempt--;
      this.#move(record, 'waiting');
      if (record.attempt + record.putOffs === 0 && record.maxWait !== undefined)
        this.#expiries.add(record, record.maxWait - record.age(this.#parts.clock.now()));
    }
    this.#parts.waiting.returned(records);
  }

  message(record: JobRecord, message: HandlerMessage): void {
    hear(record, message, this.#parts);
  }

  // --- 4. The attempt ends: active → completed; or as decided: waiting, delayed, failed, cancelled

  completed(record: JobRecord, output: unknown, startedAt: number, duration: number, threadId: number): void {
    this.#parts.waiting.ended(record, startedAt, undefined);
    record.kind.recordRun(record.ran(startedAt, duration, threadId), duration);
    record.output = output;
    this.#finish(record, 'completed', startedAt + duration);
  }

  ended(record: JobRecord, end: AttemptEnd): void {
    const { waiting, logger, random, clock } = this.#parts;
    const { outcome, error, started, startedAt, duration, exited } = end;
    const { name } = record.kind.definition;
    attachJob(error, { jobId: record.id, jobName: name, attempt: record.attempt });
    const backoffFailed = (problem: unknown) =>
      report(logger, problem, `the backoff function of job "${name}" failed; the default is used`);
    const next = nextOf(record, end, random, backoffFailed);
    waiting.ended(record, started ? startedAt : undefined, exited);
    if (next.to === 'put-off') return this.#putOff(record, next.delay, next.limited);
    const waited = record.ran(startedAt, duration, end.threadId);
    record.failed(outcome, error);
    record.kind.count(outcome);
    // An interrupted one may not have come to its end.
    if (started && outcome !== 'interrupted') record.kind.recordRun(waited, duration);
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
    this.#move(record, 'delayed');
    this.delays.add(record, delay, exited);
    this.#parts.announcer.announceJob('retrying', record, error, delay);
  }

  /** The attempt does not count: the job comes back later, or waits with all of its definition. */
  #putOff(record: JobRecord, delay: number, limited: boolean): void {
    record.attempt--;
    record.toldActive = 0;
    record.putOffs++;
    record.kind.totals.snoozed++;
    this.#move(record, limited ? 'waiting' : 'delayed');
    if (!limited) this.delays.add(record, delay);
    else {
      this.#parts.waiting.hold(record.kind, delay);
      this.#parts.waiting.returned([record]);
    }
    this.#parts.announcer.announceJob('snoozed', record, delay);
  }

  // --- 5. The job ends, exactly once

  /** Ends a living job on its owner's word. False when its result is there already. */
  cancel(record: JobRecord, reason: unknown): boolean {
    if (record.state === 'active') return this.#runner.cancel(record, reason);
    this.giveUp(record, cancelled(record, reason));
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
    const { name } = record.kind.definition;
    const facts = { jobId: record.id, jobName: name };
    this.#parts.announcer.change(() => {
      this.giveUp(record, new ExpiredError(`${name} was not started within ${record.maxWait} ms: it expired`, undefined, facts));
      this.#parts.announcer.announceJob('expired', record);
    });
  }

  #finish(record: JobRecord, state: 'completed' | 'failed' | 'cancelled', at: number): void {
    const { announcer, register, admission, ended } = this.#parts;
    this.#move(record, state);
    record.finished(at);
    record.kind.totals[state]++;
    if (record.options !== undefined) this.#ties.untie(record);
    const evicted = ended.add(record);
    if (evicted !== undefined) register.forget(evicted);
    const { size, isAlarming } = ended.deadLetters;
    announceEnd(record);
    if (state === 'failed') announcer.announceJob('failed', record, record.error);
    else announcer.announceJob(state, record);
    if (state === 'failed' && record.deadLetter) {
      if (evicted !== undefined) announcer.announceJob('evicted', evicted);
      else if (isAlarming) announcer.announceJob('dead-letter-alert', record, size);
    }
    admission.roomMade();
    // The last one, and none has come since.
    if (register.living === 0 && this.living.end()) announcer.announce('drained');
  }

  /** It waits no more. */
  #take(record: JobRecord): void {
    if (!this.delays.remove(record)) this.#parts.waiting.remove(record);
    if (this.#expiries.size > 0) this.#expiries.remove(record);
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

  #move(record: JobRecord, to: JobState): void {
    move(record, to);
    this.watcher?.check();
  }

  // --- What else threads do

  threadKilled(threadId: number, reason: KillReason, record: JobRecord | undefined): void {
    this.#parts.announcer.announce('thread-killed', { threadId, reason, jobId: record?.id });
  }

  threadZombie(threadId: number, record: JobRecord | undefined): void {
    this.#parts.announcer.announce('thread-zombie', { threadId, reason: 'native-code', jobId: record?.id });
  }

  trouble(facts: object, message: string): void {
    this.#parts.logger?.warn(facts, message);
  }

  lateError(threadId: number, jobId: string | undefined, error: unknown): void {
    this.#parts.announcer.announce('late-error', { threadId, reason: 'late-error', jobId }, error);
  }
}

import type { Clock } from '../time/clock.js';
import * as attemptErrors from './attempt-errors.js';
import { LOOK_AT_LEAST_EVERY } from './deadline.js';
import { InboxReader } from './inbox-reader.js';
import { soonest } from './inspect.js';
import type { AttemptEnd, Execution, Reports, Runner, Work } from './runner.js';
import { endOn, settle } from './settle.js';
import type { Slot, SlotState } from './slot.js';
import type { Threads } from './threads.js';
import type { Watchdog } from './watchdog.js';
import { unpacked } from './wire/columns.js';
import { decodeThrown } from './wire/error-codec.js';
import { type FromThread, type HandlerMessage, type Position, RESULT, type ResultsMessage, type Said } from './wire/protocol.js';
import { MEASURED_FROM } from './wire/shared-memory.js';

/** Attempts of one message that people are told of now. */
interface Telling {
  readonly works: readonly (Work | undefined)[];
  readonly results: ResultsMessage['results'];
  /** The one among them that was judged, and ends so. */
  readonly judged: Work | undefined;
  /** What was being told when this came. */
  readonly before: Telling | undefined;
}

/** What comes back from threads: results, what handlers say, and the thread's end. */
export class Returns {
  readonly #runner: Pick<Runner, 'schedule'>;
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #threads: Threads;
  readonly #watchdog: Watchdog;
  readonly #inboxes: InboxReader;
  #telling: Telling | undefined;
  /** Completed jobs that people are told of later: see {@link Slot.drain}. */
  readonly #toBeTold = new Set<Work>();

  constructor(runner: Pick<Runner, 'schedule'>, reports: Reports, clock: Clock, threads: Threads, watchdog: Watchdog) {
    this.#runner = runner;
    this.#reports = reports;
    this.#clock = clock;
    this.#threads = threads;
    this.#watchdog = watchdog;
    this.#inboxes = new InboxReader(clock);
  }

  receive(slot: Slot, message: FromThread | Said): void {
    switch (message.type) {
      case 'results':
        return this.#results(slot, message);
      case 'news':
        return this.#inboxes.news(slot.inbox);
      case 'progress':
      case 'checkpoint':
      case 'log':
        return this.#said(slot, message);
      case 'print':
        return this.#tell(slot, () => this.#reports.threads.printed(slot.threadId, message));
      case 'late-error':
        return this.#tell(slot, () => this.#lateError(slot, message));
      case 'exit':
        slot.exitedBy = message;
    }
  }

  /** Whether a job has completed of whose end nobody has been told yet. */
  hasCompleted(work: Work): boolean {
    for (let telling = this.#telling; telling !== undefined; telling = telling.before) {
      const at = telling.works.indexOf(work);
      if (at >= 0 && work !== telling.judged && (telling.results?.[at] ?? RESULT.COMPLETED) === RESULT.COMPLETED) return true;
    }
    return this.#toBeTold.has(work);
  }

  /** A thread has sent what cannot be read: its jobs end with it. */
  unreadable(slot: Slot, error: unknown): void {
    this.#reports.threads.lateError(slot.threadId, undefined, error);
    this.#watchdog.kill(slot, 'crashed');
  }

  exited(slot: Slot, state: SlotState, exitCode: number): void {
    const running = slot.jobs.running();
    const { suspect } = slot.jobs;
    const { exitedBy, threadId, verdict } = slot;
    if (exitedBy?.jobId === undefined) this.#threads.blameModule(exitedBy?.jobName);
    const late = exitedBy !== undefined && exitedBy.jobId !== suspect?.id && !(running?.loading && exitedBy.jobId === undefined);
    const culprit = late ? undefined : suspect;
    this.#reports.returned(slot.jobs.withdraw());
    const rest = slot.jobs.takeRest(this.#clock.now());
    for (const [work, run] of rest) {
      // It was told to stop before, and this was its way.
      if (work === verdict?.work) settle(this.#reports, slot, work, verdict.outcome, verdict.error, run);
      else if (work !== culprit) settle(this.#reports, slot, work, 'interrupted', attemptErrors.innocentError(work, slot, exitCode), run);
    }
    if (late) this.#reports.threads.lateError(threadId, exitedBy.jobId, attemptErrors.lateExitError(exitedBy, exitCode));
    if (culprit !== undefined && culprit !== verdict?.work)
      this.#crashed(slot, culprit, rest.get(culprit) as Execution, running?.loading ?? false, exitCode);
    if (state === 'idle' || state === 'busy') this.#reports.threads.killed(threadId, 'crashed', culprit);
    this.#runner.schedule();
  }

  #crashed(slot: Slot, work: Work, run: Execution, loading: boolean, exitCode: number): void {
    if (loading) settle(this.#reports, slot, work, 'failed', attemptErrors.loadCrashError(work, slot, exitCode), run);
    else settle(this.#reports, slot, work, 'crashed', attemptErrors.crashError(work, slot, exitCode), run);
  }

  #said(slot: Slot, message: HandlerMessage): void {
    const work = slot.jobs.at(message.position);
    if (work !== undefined) this.#tell(slot, () => this.#reports.message(work, message));
  }

  #results(slot: Slot, message: ResultsMessage): void {
    const { first, last, results } = message;
    const values = unpacked(message.values);
    // All are taken before anybody is told: a listener may cancel another job of the message, which has ended too.
    const works = values.map((_, at) => slot.jobs.take(first + at));
    const before = this.#telling;
    this.#telling = { works, results, judged: slot.verdict?.work, before };
    try {
      for (let at = 0; at < values.length; at++) {
        const work = works[at];
        if (work !== undefined) this.#ran(slot, work, first + at, results?.[at], values[at]);
      }
    } finally {
      this.#telling = before;
    }
    if (last && slot.state === 'busy') this.#batchOver(slot);
  }

  #ran(slot: Slot, work: Work, position: Position, result: number | undefined, value: unknown): void {
    const startedAt = slot.jobs.startedAt(position);
    const duration = slot.jobs.duration(position);
    if (
      (result ?? RESULT.COMPLETED) === RESULT.COMPLETED &&
      slot.verdict === undefined &&
      slot.later === undefined &&
      duration < MEASURED_FROM
    ) {
      this.#reports.completed(work, value, startedAt, duration, slot.threadId);
    } else {
      const usage = duration < MEASURED_FROM ? undefined : slot.service.usage(position, duration);
      this.#result(slot, work, result, value, { startedAt, duration, started: true, usage });
    }
  }

  /** A result where not all is well, or the job is worth measuring. A job that was told to stop and has ended within its grace period ends as it was judged. */
  #result(slot: Slot, work: Work, result: number | undefined, value: unknown, run: Execution): void {
    const { verdict } = slot;
    if (result === RESULT.CRASHED) {
      const error = attemptErrors.uncaughtError(work, decodeThrown(value as never));
      this.#tell(slot, () => this.#watchdog.crash(slot, work, error, run));
    } else if (verdict?.work === work) {
      slot.acquit();
      // Its deadline is used up, and other jobs may be on the thread.
      slot.deadline.within(Math.min(soonest(slot.jobs.from()), LOOK_AT_LEAST_EVERY));
      this.#ended(slot, work, endOn(slot, verdict.outcome, verdict.error, run));
    } else if (result === RESULT.FAILED) this.#ended(slot, work, endOn(slot, 'failed', decodeThrown(value as never), run));
    else this.#completed(slot, work, value, run);
  }

  #completed(slot: Slot, work: Work, value: unknown, run: Execution): void {
    if (slot.later !== undefined) this.#toBeTold.add(work);
    this.#tell(slot, () => {
      if (this.#toBeTold.size > 0) this.#toBeTold.delete(work);
      this.#reports.completed(work, value, run.startedAt, run.duration, slot.threadId, run.usage);
    });
  }

  #ended(slot: Slot, work: Work, end: AttemptEnd): void {
    this.#tell(slot, () => this.#reports.ended(work, end));
  }

  /** At once, or as {@link Slot.drain} says. */
  #tell(slot: Slot, tell: () => void): void {
    if (slot.later === undefined) tell();
    else slot.later.push(tell);
  }

  #batchOver(slot: Slot): void {
    const lost = slot.jobs.batchOver();
    // A job without a result: what it did to the thread's globals has broken more than itself.
    if (lost !== undefined) return this.#watchdog.blame(slot, lost);
    if (slot.jobs.isAtRest) {
      this.#threads.rest(slot);
      if (slot.isRetiring) this.#watchdog.kill(slot, 'late-error');
    } else if (this.#threads.recycling.isOld(slot)) this.#reports.returned(slot.jobs.withdraw());
    this.#runner.schedule();
  }

  #lateError(slot: Slot, { jobId, jobName, error }: Extract<FromThread, { type: 'late-error' }>): void {
    this.#reports.threads.lateError(slot.threadId, jobId, decodeThrown(error));
    if (jobId === undefined) this.#threads.blameModule(jobName);
    this.#retire(slot);
  }

  /** What a job has left behind on this thread may harm others: the running job may end, then the thread is replaced. */
  #retire(slot: Slot): void {
    if (slot.endsInPeace) return;
    slot.isRetiring = true;
    if (slot.state === 'idle' || slot.state === 'warming') this.#watchdog.kill(slot, 'late-error');
    else if (slot.state === 'busy') this.#reports.returned(slot.jobs.withdraw());
  }
}

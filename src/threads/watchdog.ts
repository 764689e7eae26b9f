import type { Clock } from '../clock.js';
import type { PostMortem } from '../errors.js';
import type { Outcome } from '../job/attempt.js';
import { cancelled } from '../job/job.js';
import type { JobRecord } from '../job/record.js';
import { setImmediate } from '../timers.js';
import { addPostMortem, loadTimeoutError, slowModule, stuckError, timeoutError } from './attempt-errors.js';
import { inspect } from './inspect.js';
import type { Inspections } from './inspections.js';
import type { KillReason, Reports, Run } from './runner.js';
import type { Slot, Verdict } from './slot.js';
import type { Threads } from './threads.js';
import { encodeThrown } from './wire/error-codec.js';

/** Ends what is over its limit or cancelled: tells the job, and terminates its thread when telling is not enough. */
export class Watchdog {
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #threads: Threads;
  readonly #inspections: Inspections | undefined;

  constructor(reports: Reports, clock: Clock, threads: Threads, inspections: Inspections | undefined) {
    this.#inspections = inspections;
    this.#reports = reports;
    this.#clock = clock;
    this.#threads = threads;
  }

  /** The deadline of a thread fired: what does it do? */
  look(slot: Slot): void {
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    slot.takeEarly();
    // Who was told of a result may have done anything.
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    this.#warnOfLoading(slot);
    const finding = inspect(slot, this.#clock.now());
    if (finding.is === 'fine' || finding.is === 'holding-back') {
      slot.deadline.within(finding.lookAgainIn);
      if (finding.is === 'holding-back') this.#reports.returned(slot.withdraw());
      return;
    }
    // The main thread may have been blocked: let the messages that wait be handled before anybody is killed.
    setImmediate(() => setImmediate(() => this.#confirm(slot)));
  }

  /** Tells, once, of a module that has used up half its time. */
  #warnOfLoading(slot: Slot): void {
    const running = slot.running();
    if (!running?.loading || running.since === slot.warnedOf) return;
    const { kind } = running.record;
    if (this.#clock.now() - running.since < kind.definition.loadTimeout / 2) return;
    slot.warnedOf = running.since;
    this.#reports.trouble(...slowModule(kind.definition));
  }

  /** Stops a job that was sent to this thread. */
  cancel(slot: Slot, record: JobRecord, reason: unknown): void {
    const position = slot.positionOf(record);
    const unstarted = slot.withdraw();
    this.#reports.returned(unstarted.filter((one) => one !== record));
    const error = cancelled(record, reason);
    if (unstarted.includes(record)) this.settleUnstarted(slot, record, 'cancelled', error);
    else this.#end(slot, position, { record, outcome: 'cancelled', error });
  }

  /** The running job has left an error uncaught. Its thread ends first: no retry starts beside what is left of it. */
  crash(slot: Slot, record: JobRecord, error: Error, run: Run): void {
    slot.verdict ??= { record, outcome: 'crashed', error };
    this.kill(slot, 'crashed');
    const { outcome, error: reason } = slot.verdict;
    this.settle(slot, record, outcome, reason, run);
  }

  /** The thread says that it has done all, but a job's result has not come. */
  blame(slot: Slot, record: JobRecord): void {
    slot.verdict ??= { record, outcome: 'crashed', error: stuckError(record) };
    this.kill(slot, 'crashed');
  }

  /** Terminates a thread. What it had finished counts; what it had not started goes elsewhere; one job is the culprit. */
  kill(slot: Slot, reason: KillReason): void {
    if (slot.state === 'dying' || slot.state === 'gone') return;
    const { state, verdict } = slot;
    const unstarted = slot.withdraw();
    slot.drain();
    // The judged job, or all of them, have ended in the meantime: nobody is to blame any more.
    if (slot.state !== state || slot.verdict !== verdict) return this.#reports.returned(unstarted);
    if (slot.suspect !== undefined) slot.verdict ??= { record: slot.suspect, outcome: 'crashed', error: stuckError(slot.suspect) };
    const lost = slot.takeRest(this.#clock.now());
    this.#threads.kill(slot);
    this.#reports.returned(unstarted);
    this.#settleLost(slot, lost);
    this.#reports.threadKilled(slot.threadId, reason, slot.verdict?.record);
  }

  /** An attempt on this thread is over, and has not completed its job, which must have been taken off the thread. */
  settle(slot: Slot, record: JobRecord, outcome: Outcome, error: unknown, run: Run): void {
    const exited = slot.state === 'dying' ? slot.exited : undefined;
    this.#reports.ended(record, { outcome, error, ...run, threadId: slot.threadId, exited });
  }

  /** The same of one that the thread had not started. */
  settleUnstarted(slot: Slot, record: JobRecord, outcome: Outcome, error: unknown): void {
    this.settle(slot, record, outcome, error, { startedAt: this.#clock.now(), duration: 0, started: false });
  }

  /** Jobs of a dead thread that had been started: the culprit ends as judged; the others had finished, but their results are lost. */
  #settleLost(slot: Slot, lost: Map<JobRecord, Run>): void {
    const { verdict } = slot;
    for (const [record, run] of lost) {
      if (verdict?.record !== record) this.settle(slot, record, 'interrupted', undefined, run);
    }
    const run = verdict && lost.get(verdict.record);
    if (verdict !== undefined && run !== undefined) this.settle(slot, verdict.record, verdict.outcome, verdict.error, run);
  }

  #confirm(slot: Slot): void {
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    const now = this.#clock.now();
    const finding = inspect(slot, now);
    const running = slot.running();
    if (finding.is === 'stuck') return this.kill(slot, 'stuck');
    if (running === undefined || finding.is === 'fine' || finding.is === 'holding-back') return slot.deadline.within(1);
    const { record, position, since } = running;
    this.#reports.returned(slot.withdraw());
    if (finding.is === 'over') this.#end(slot, position, { record, outcome: 'timed-out', error: timeoutError(record, now - since) });
    else this.#execute(slot, { record, outcome: 'failed', error: loadTimeoutError(record.kind.definition) }, 'not-loading');
  }

  /**
   * Ends the running job of a thread: at once, or when its grace period is over. The first verdict wins, but for a
   * cancel, which also forbids the retry that a timeout would bring.
   */
  #end(slot: Slot, position: number, verdict: Verdict): void {
    if (slot.verdict !== undefined && (slot.verdict.outcome === 'cancelled' || verdict.outcome !== 'cancelled')) return;
    slot.verdict = verdict;
    const { gracePeriod } = verdict.record.kind.definition;
    const reason = verdict.outcome === 'cancelled' ? 'cancelled' : 'timed-out';
    if (gracePeriod === 0) return this.#execute(slot, verdict, reason);
    slot.stop(position, encodeThrown(verdict.error));
    this.#clock.setTimeout(() => {
      if (slot.verdict === verdict) this.#execute(slot, verdict, reason);
    }, gracePeriod);
  }

  /** Terminates the thread of a judged job; of one that is over its limit it first looks where the job is stuck. */
  #execute(slot: Slot, verdict: Verdict, reason: KillReason): void {
    slot.verdict = verdict;
    slot.mute();
    if (verdict.outcome === 'cancelled' || this.#inspections === undefined) return this.kill(slot, reason);
    const kill = () => {
      // It may have ended while we looked.
      if (slot.verdict === verdict) this.kill(slot, reason);
    };
    // Whatever comes of the look.
    void this.inspect(slot)
      .then((found) => found && addPostMortem(verdict.error, found))
      .then(kill, kill);
  }

  /** Where the running job of a thread is, without ending it; `undefined` when nobody may look. */
  async inspect(slot: Slot): Promise<PostMortem | undefined> {
    if (this.#inspections === undefined) return undefined;
    const inspection = this.#inspections.of(slot);
    slot.inspection = inspection;
    const found = await inspection;
    if (slot.inspection === inspection) slot.inspection = undefined;
    return found;
  }
}

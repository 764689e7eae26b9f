import type { PostMortem } from '../errors/post-mortem.js';
import { cancelled } from '../job/cancelled.js';
import type { Clock } from '../time/clock.js';
import { setImmediate } from '../time/timers.js';
import { addPostMortem, loadTimeoutError, slowModule, stuckError, timeoutError } from './attempt-errors.js';
import type { Inspections } from './inspections.js';
import type { Execution, KillReason, Reports, Usage, Work } from './runner.js';
import { settle, settleUnstarted } from './settle.js';
import type { Slot, SlotVerdict } from './slot.js';
import type { Threads } from './threads.js';
import { encodeThrown } from './wire/error-codec.js';
import { PHASE } from './wire/shared-memory.js';

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

  /** The deadline of a busy thread fired: what does it do? Or that of one which should load a module, and has not begun to. */
  check(slot: Slot): void {
    if (slot.state === 'warming') return this.#checkWarming(slot);
    if (slot.verdict !== undefined) return;
    slot.takeEarly();
    // Who was told of a result may have done anything.
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    this.#warnOfLoading(slot);
    const finding = slot.observation.inspect(this.#clock.now());
    if (finding.is === 'fine' || finding.is === 'holding-back') {
      slot.deadline.within(finding.lookAgainIn);
      if (finding.is === 'holding-back') this.#reports.returned(slot.jobs.withdraw());
      return;
    }
    // The main thread may have been blocked: let the messages that wait be handled before anybody is killed.
    setImmediate(() => setImmediate(() => this.#confirm(slot)));
  }

  #checkWarming(slot: Slot): void {
    const { loading } = slot;
    // As for a busy one: it may have loaded it, and said so.
    setImmediate(() =>
      setImmediate(() => {
        if (slot.loading !== loading || slot.state !== 'warming') return;
        if (slot.phase === PHASE.IDLE) this.kill(slot, 'stuck');
        else slot.deadline.within(1);
      }),
    );
  }

  /** Tells, once, of a module that has used up half its time. */
  #warnOfLoading(slot: Slot): void {
    const running = slot.jobs.running();
    if (!running?.loading || running.since === slot.warnedOf) return;
    const { definition } = running.work.kind;
    if (this.#clock.now() - running.since < definition.loadTimeout / 2) return;
    slot.warnedOf = running.since;
    this.#reports.threads.trouble(...slowModule(definition));
  }

  /** Stops a job that was sent to this thread. False when its attempt is over, for another one on the thread was judged meanwhile. */
  cancel(slot: Slot, work: Work, reason: unknown): boolean {
    const position = slot.jobs.positionOf(work);
    const unstarted = slot.jobs.withdraw();
    this.#reports.returned(unstarted.filter((one) => one !== work));
    const error = cancelled(work, reason);
    if (!unstarted.includes(work)) return this.#end(slot, position, { work, outcome: 'cancelled', error });
    settleUnstarted(this.#reports, slot, work, 'cancelled', error, this.#clock.now());
    return true;
  }

  /** The running job has left an error uncaught. Its thread ends first: no retry starts beside what is left of it. */
  crash(slot: Slot, work: Work, error: Error, run: Execution): void {
    slot.condemn({ work, outcome: 'crashed', error });
    const { outcome, error: reason } = slot.verdict as SlotVerdict;
    this.kill(slot, 'crashed');
    settle(this.#reports, slot, work, outcome, reason, run);
  }

  /** The thread says that it has done all, but a job's result has not come. */
  blame(slot: Slot, work: Work): void {
    slot.condemn({ work, outcome: 'crashed', error: stuckError(work) });
    this.kill(slot, 'crashed');
  }

  /** Terminates a thread. What it had finished counts; what it had not started goes elsewhere; one job is the culprit. */
  kill(slot: Slot, reason: KillReason): void {
    if (slot.state === 'dying' || slot.state === 'gone') return;
    const { state, verdict } = slot;
    slot.mute();
    this.#reports.returned(slot.jobs.withdraw());
    const said = slot.drain();
    // The condemned job, or all of them, have ended in the meantime: nobody is to blame any more.
    const isOver = slot.state !== state || slot.verdict !== verdict;
    const { suspect } = slot.jobs;
    if (!isOver && suspect !== undefined) slot.condemn({ work: suspect, outcome: 'crashed', error: stuckError(suspect) });
    const usage = usageOf(slot, this.#clock.now());
    if (!isOver) this.#threads.kill(slot);
    // Its other jobs are still there: who is told may cancel them.
    for (const tell of said) tell();
    if (isOver) return;
    this.#settleLost(slot, slot.jobs.takeRest(this.#clock.now()), usage);
    this.#reports.threads.killed(slot.threadId, reason, slot.verdict?.work);
  }

  /** Jobs of a dead thread that had been started: the culprit ends as judged; the others had finished, but their results are lost. */
  #settleLost(slot: Slot, lost: Map<Work, Execution>, usage: Usage | undefined): void {
    const { verdict } = slot;
    for (const [work, run] of lost) {
      if (verdict?.work !== work) settle(this.#reports, slot, work, 'interrupted', undefined, run);
    }
    const run = verdict && lost.get(verdict.work);
    if (verdict === undefined || run === undefined) return;
    settle(this.#reports, slot, verdict.work, verdict.outcome, verdict.error, { ...run, usage });
  }

  #confirm(slot: Slot): void {
    if (slot.state !== 'busy' || slot.verdict !== undefined) return;
    const now = this.#clock.now();
    const finding = slot.observation.inspect(now);
    if (finding.is === 'stuck') return this.kill(slot, 'stuck');
    if (!('running' in finding)) return slot.deadline.within(1);
    const { work, position, since } = finding.running;
    this.#reports.returned(slot.jobs.withdraw());
    if (finding.is === 'over') this.#end(slot, position, { work, outcome: 'timed-out', error: timeoutError(work, now - since) });
    else this.#end(slot, position, { work, outcome: 'failed', error: loadTimeoutError(work.kind.definition) });
  }

  /** Ends the running job of a thread: at once, or when its grace period is over; what only loads has none. Whether it shall end. */
  #end(slot: Slot, position: number, verdict: SlotVerdict): boolean {
    const { work } = verdict;
    if (!slot.condemn(verdict)) return slot.verdict?.work === work;
    const { gracePeriod } = work.kind.definition;
    if (gracePeriod === 0 || verdict.outcome === 'failed') this.#execute(slot, verdict);
    else this.#tellToStop(slot, position, verdict, gracePeriod);
    return true;
  }

  #tellToStop(slot: Slot, position: number, verdict: SlotVerdict, gracePeriod: number): void {
    slot.stop(position, encodeThrown(verdict.error));
    this.#clock.setTimeout(() => {
      if (slot.verdict === verdict) this.#execute(slot, verdict);
    }, gracePeriod);
  }

  /** Terminates the thread of a condemned job; of one that is over its limit it first looks where the job is stuck. */
  #execute(slot: Slot, verdict: SlotVerdict): void {
    slot.mute();
    const { outcome } = verdict;
    const reason = outcome === 'failed' ? 'not-loading' : outcome;
    if (outcome === 'cancelled' || this.#inspections === undefined) return this.kill(slot, reason);
    const kill = () => {
      // It may have ended while we looked.
      if (slot.verdict === verdict) this.kill(slot, reason);
    };
    // Whatever comes of the look.
    void this.inspect(slot)
      .then((found) => found && addPostMortem(verdict.error, found))
      .then(kill, kill);
  }

  /** Where the running job of a thread is, without ending it; `undefined` when nobody may look. Who asks during a look gets what it finds. */
  async inspect(slot: Slot): Promise<PostMortem | undefined> {
    slot.inspection ??= this.#inspections?.of(slot).finally(() => {
      slot.inspection = undefined;
    });
    return slot.inspection;
  }
}

/** What the condemned job has taken, which is known for as long as its thread lives. */
function usageOf({ verdict, jobs, service, kernelThreadId }: Slot, now: number): Usage | undefined {
  const running = jobs.running();
  if (verdict === undefined || verdict.work !== running?.work) return undefined;
  const { postMortem } = verdict.error as { postMortem?: PostMortem };
  return service.usageSoFar(running.since, now, kernelThreadId, postMortem?.heapUsed);
}

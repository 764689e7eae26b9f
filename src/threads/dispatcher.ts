import type { CrashError } from '../errors/errors.js';
import type { PostMortem } from '../errors/post-mortem.js';
import type { JobKind } from '../job/kind.js';
import type { Clock } from '../time/clock.js';
import { nextTick, queueMicrotask, setImmediate } from '../time/timers.js';
import { notSent } from './attempt-errors.js';
import { type Batch, LARGEST_BATCH, nextBatch, type Source } from './batch.js';
import { HOLDS_BACK_AFTER, LOOK_AT_LEAST_EVERY } from './deadline.js';
import { soonest } from './inspect.js';
import { Inspections } from './inspections.js';
import { threadInspector } from './inspector.js';
import { Returns } from './returns.js';
import type { Location, Reports, Runner, ThreadStats, Work } from './runner.js';
import { settle, settleUnstarted } from './settle.js';
import type { Slot, SlotState } from './slot.js';
import { makeWay, takeBackLike } from './take-back.js';
import type { DispatcherOptions, ThreadEvents } from './thread-events.js';
import { Threads } from './threads.js';
import { Unstarted } from './unstarted.js';
import { Watchdog } from './watchdog.js';
import type { FromThread, Said } from './wire/protocol.js';
import { isCloneable } from './wire/run-message.js';

/** Gives batches to threads and takes results back. */
export class Dispatcher implements Runner, ThreadEvents {
  readonly #threads: Threads;
  readonly #source: Source;
  readonly #reports: Reports;
  readonly #clock: Clock;
  readonly #options: DispatcherOptions;
  readonly #watchdog: Watchdog;
  readonly #returns: Returns;
  readonly #unstarted: Unstarted;
  #scheduled = false;
  /** Whether jobs were sent in this turn of the event loop. */
  #hadItsTurn = false;

  constructor(source: Source, reports: Reports, clock: Clock, options: DispatcherOptions) {
    this.#source = source;
    this.#reports = reports;
    this.#clock = clock;
    this.#options = { ...options, maxBatch: Math.min(options.maxBatch, LARGEST_BATCH) };
    // Before the first thread starts: see there.
    const inspector = options.postMortem ? threadInspector() : undefined;
    this.#threads = new Threads(clock, this.#options, this);
    this.#watchdog = new Watchdog(reports, clock, this.#threads, inspector && new Inspections(inspector));
    this.#returns = new Returns(this, reports, clock, this.#threads, this.#watchdog);
    this.#unstarted = new Unstarted(source, reports);
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

  uses(kind: JobKind): void {
    this.#threads.uses(kind);
  }

  cancel(work: Work, reason: unknown): boolean | undefined {
    const slot = this.#slotOf(work);
    if (slot !== undefined && this.#watchdog.cancel(slot, work, reason)) return true;
    return this.#returns.hasCompleted(work) ? false : undefined;
  }

  withdraw(like: Work): void {
    takeBackLike(like, this.#threads, this.#reports);
  }

  locate(work: Work): Location | undefined {
    const slot = this.#slotOf(work);
    if (slot === undefined) return undefined;
    const { threadId } = slot;
    const running = slot.jobs.running();
    if (running?.work !== work) return { phase: 'sent', threadId };
    return { phase: running.loading ? 'loading' : 'running', threadId, since: running.since };
  }

  async inspect(work: Work): Promise<PostMortem | undefined> {
    const slot = this.#slotOf(work);
    if (slot?.jobs.running()?.work !== work) return undefined;
    return this.#watchdog.inspect(slot);
  }

  /** Jobs that are on threads, sent or running. */
  active(): Work[] {
    return [...this.#threads].flatMap((slot) => slot.jobs.from());
  }

  /**
   * Takes all jobs from the threads. What has finished counts, and what was judged ends as judged; of the rest, a job
   * that must not run twice has failed with `error`, and the others wait again.
   */
  abandon(error: Error): void {
    const said: (() => void)[] = [];
    const ended: (() => void)[] = [];
    const back: Work[] = [];
    for (const slot of this.#threads) {
      if (slot.state !== 'busy') continue;
      slot.mute();
      back.push(...slot.jobs.withdraw());
      said.push(...slot.drain());
      const { verdict } = slot;
      for (const [work, run] of slot.jobs.takeRest(this.#clock.now())) {
        if (work === verdict?.work) ended.push(() => settle(this.#reports, slot, work, verdict.outcome, verdict.error, run));
        else if (work.kind.definition.delivery === 'at-most-once')
          ended.push(() => settle(this.#reports, slot, work, 'interrupted', error, run));
        else back.push(work);
      }
    }
    this.#reports.returned(back.sort((a, b) => a.order - b.order));
    for (const tell of [...said, ...ended]) tell();
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

  /** Reports the newest checkpoints, which else are read when an attempt has failed. */
  readCheckpoints(): void {
    for (const slot of this.#threads) if (slot.state === 'busy') slot.inbox.readCheckpoint();
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
    if (this.#source.size > 0) this.#threads.grow();
    for (let { size } = this.#source; size > 0; size = this.#source.size) {
      // The last ones wait for whoever is free first; without batches all do.
      const candidates = this.#threads.candidates(size > threads && maxBatch > 1);
      const [slot] = candidates;
      if (slot === undefined) return makeWay(this.#threads, this.#source.head, this.#reports);
      const most = Math.min(maxBatch, Math.ceil(size / candidates.length), this.#threads.recycling.jobsLeft(slot));
      const batch = nextBatch(this.#source, most, slot.state === 'busy');
      if (batch.works.length === 0) return;
      this.#send(slot, batch);
    }
    this.#reports.free();
  }

  #send(slot: Slot, batch: Batch): void {
    const { works } = batch;
    for (const work of works) this.#reports.started(work);
    if (!this.#post(slot, batch)) return;
    this.#threads.work(slot);
    if (!this.#hadItsTurn) {
      this.#hadItsTurn = true;
      setImmediate(this.#turnOver);
    }
    slot.deadline.within(Math.min(soonest(works), slot.jobs.holdsBack ? HOLDS_BACK_AFTER : LOOK_AT_LEAST_EVERY));
    this.#reports.sent(works);
  }

  /** Sends the batch. A job whose input cannot be cloned fails by itself; the others wait again. Whether it was sent. */
  #post(slot: Slot, { works, cost }: Batch): boolean {
    try {
      slot.send(works, cost);
      return true;
    } catch (error) {
      const bad = works.length === 1 ? works : works.filter((work) => !isCloneable(work));
      // Each can be cloned, and yet all cannot: no job may be left without an end.
      const culprits = bad.length === 0 ? works : bad;
      this.#reports.returned(works.filter((work) => !culprits.includes(work)));
      for (const work of culprits) settleUnstarted(this.#reports, slot, work, 'failed', notSent(work, error), this.#clock.now());
      return false;
    }
  }

  // --- what becomes of threads

  get waiting(): number {
    return this.#source.size;
  }

  opened(): void {
    this.schedule();
  }

  message(slot: Slot, message: FromThread | Said): void {
    this.#returns.receive(slot, message);
  }

  unreadable(slot: Slot, error: unknown): void {
    this.#returns.unreadable(slot, error);
  }

  deadline(slot: Slot): void {
    this.#watchdog.check(slot);
  }

  exited(slot: Slot, state: SlotState, exitCode: number): void {
    this.#returns.exited(slot, state, exitCode);
  }

  zombie(slot: Slot): void {
    this.#reports.threads.zombie(slot.threadId, slot.verdict?.work);
  }

  trouble(facts: object, message: string): void {
    this.#reports.threads.trouble(facts, message);
  }

  cannotBoot(error: CrashError): void {
    this.#unstarted.cannotBoot(error, this.#clock.now());
  }

  notLoading(kind: JobKind): void {
    this.#unstarted.notLoading(kind, this.#clock.now());
  }

  #slotOf(work: Work): Slot | undefined {
    // Also one that is being terminated, until its jobs have been taken from it.
    for (const slot of this.#threads) if ((slot.state === 'busy' || slot.state === 'dying') && slot.jobs.positionOf(work) >= 0) return slot;
    return undefined;
  }
}

import type { JobKind } from '../job/kind.js';
import type { Clock } from '../time/clock.js';
import { type BootingThreads, Boots } from './boots.js';
import { endInPeace, endThread } from './end-thread.js';
import { IdleTimeout, type ShrinkingThreads } from './idle-timeout.js';
import { LoadLimit } from './load-limit.js';
import { ThreadPool } from './pool.js';
import { type RecycledThreads, Recycling } from './recycling.js';
import { Roster } from './roster.js';
import type { ThreadStats } from './runner.js';
import type { Slot } from './slot.js';
import { type SpawnedEvents, Spawning } from './spawning.js';
import type { ThreadEvents, ThreadsOptions } from './thread-events.js';
import { type WarmingThreads, Warmup } from './warmup.js';
import type { FromThread, Said } from './wire/protocol.js';

/** The threads of a queue: those that boot, wait, work, and die. What becomes of each is decided here. */
export class Threads implements BootingThreads, WarmingThreads, ShrinkingThreads, RecycledThreads, SpawnedEvents {
  /** Threads terminated by the queue since its start. */
  killed = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #events: ThreadEvents;
  readonly #pool: ThreadPool;
  readonly #roster: Roster;
  readonly #boots: Boots;
  readonly #warmup: Warmup;
  readonly #spawning: Spawning;
  readonly #idleTimeout: IdleTimeout | undefined;
  readonly recycling: Recycling;

  constructor(clock: Clock, options: ThreadsOptions, events: ThreadEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#roster = new Roster(clock, options.threads, (slot) => events.zombie(slot));
    const limit = new LoadLimit(clock, (...said) => events.trouble(...said));
    this.#boots = new Boots(limit, options.preload, this, events);
    this.#warmup = new Warmup(clock, this, limit, (kind) => events.notLoading(kind));
    this.#spawning = new Spawning(clock, options, this.#roster, this.#boots, this, () => events.waiting);
    this.#idleTimeout = this.#spawning.sizing.isElastic ? new IdleTimeout(clock, options.idleTimeout, this) : undefined;
    this.recycling = new Recycling(options.recycle ?? {}, clock, this);
    this.#pool = new ThreadPool(options.worker, this.#spawning);
  }

  /** Starts them: when whoever hears of them is there. */
  start(): void {
    this.#pool.start();
  }

  /** Starts those that are missing for the jobs that wait, and for who waits for them. */
  grow(): void {
    const mayGrow = this.#spawning.sizing.isElastic || this.#roster.settled === 0;
    if (mayGrow && !this.isBlocked && !this.#pool.isRetrying) this.#pool.start();
  }

  get busy(): number {
    return this.#roster.busy;
  }

  get idle(): readonly Slot[] {
    return this.#roster.idle;
  }

  get open(): number {
    return this.#roster.open;
  }

  get isBlocked(): boolean {
    return this.#roster.isBlocked;
  }

  get stats(): ThreadStats {
    return this.#roster.stats(this.killed, this.#pool.pendingReplacements);
  }

  /** Whether a thread waits for work and may get it. */
  get hasRoom(): boolean {
    return !this.closed && this.#roster.room > 0;
  }

  /** Threads that can be given a batch now, best first: those that wait, then, with `ahead`, those that work and can have another one ready. */
  candidates(ahead: boolean): Slot[] {
    if (this.closed) return [];
    const candidates = this.#roster.free;
    if (!ahead) return candidates;
    for (const slot of this) if (slot.state === 'busy' && slot.takesAhead && this.recycling.jobsLeft(slot) > 0) candidates.push(slot);
    return candidates;
  }

  [Symbol.iterator](): Iterator<Slot> {
    return this.#roster.slots.values();
  }

  /** Resolves when all threads that can be had have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    const ready = this.#boots.ready();
    this.grow();
    return ready;
  }

  /** How many there shall be without work. */
  get least(): number {
    return this.#spawning.sizing.least;
  }

  get isComplete(): boolean {
    return this.#pool.isComplete;
  }

  get surplus(): number {
    return this.#pool.size - this.#spawning.wanted;
  }

  get failedBoots(): number {
    return this.#pool.failedBoots;
  }

  bootFailed(): void {
    this.#pool.bootFailed();
  }

  /** The thread has work. */
  work(slot: Slot): void {
    if (slot.state !== 'busy') this.#roster.move(slot, 'busy');
  }

  /** The thread has no work any more. */
  rest(slot: Slot): void {
    if (this.#roster.settle(slot)) this.#pool.startSoon();
    this.#roster.move(slot, 'idle');
    if (this.recycling.rests(slot)) return;
    this.#idleTimeout?.rests(slot);
    this.#warmup.rests(slot);
  }

  /** It loads a module. */
  warm(slot: Slot): void {
    this.#roster.move(slot, 'warming');
  }

  /** Jobs of a kind are added from now on. */
  uses(kind: JobKind): void {
    this.#warmup.uses(kind);
  }

  /** A module did harm when no job ran: see {@link Warmup.drop}. */
  blameModule(name: string | undefined): void {
    this.#warmup.drop(name);
  }

  /** Terminates a thread, which is replaced. Its jobs must have been taken away, or be taken right after. */
  kill(slot: Slot): void {
    this.#roster.move(slot, 'dying');
    this.#warmup.ends(slot);
    this.killed++;
    slot.deadline.clear();
    slot.terminate();
    this.#pool.killed(slot.worker);
    // A spare thread takes over now: the old one may take long to exit.
    this.#events.opened();
  }

  /** Ends a thread that waits for work, in peace. */
  end(slot: Slot): void {
    this.#roster.move(slot, 'ending');
    slot.deadline.clear();
    this.#pool.release(slot.worker);
    void endInPeace(slot, this.#clock).then(() => this.#terminate(slot));
  }

  /** One that does not exit soon is terminated again: see {@link Dying}. */
  #terminate(slot: Slot): void {
    if (slot.state !== 'dying' && slot.state !== 'gone') this.#roster.move(slot, 'dying');
    slot.terminate();
  }

  /** The same; another one takes over. */
  recycle(slot: Slot): void {
    if (this.closed) return;
    this.end(slot);
    this.#pool.replace();
    this.#events.opened();
  }

  /**
   * Ends all threads: idle ones in peace, so that what they have written arrives and their exit handlers run, the others at
   * once. Resolves when they have exited; native code may keep them for long.
   */
  async close(): Promise<void> {
    this.closed = true;
    this.#boots.close();
    this.#pool.stop();
    await Promise.all([...this].map((slot) => endThread(slot, this.#clock, (one) => this.#terminate(one))));
  }

  // --- What a thread tells

  deadline(slot: Slot): void {
    if (slot.state === 'booting') this.#boots.onDeadline(slot);
    else if (slot.state === 'busy' || this.#warmup.isStuck(slot)) this.#events.deadline(slot);
    else if (slot.state === 'warming') this.#warmup.onDeadline(slot);
  }

  unreadable(slot: Slot, error: unknown): void {
    this.#events.unreadable(slot, error);
  }

  message(slot: Slot, message: FromThread | Said): void {
    if (message.type === 'loading') this.#boots.loads(slot, message.kind);
    else if (message.type === 'open') this.#opened(slot, message);
    else if (message.type === 'loaded') this.#loaded(slot);
    else this.#events.message(slot, message);
  }

  #opened(slot: Slot, { failures, kernelThreadId }: Extract<FromThread, { type: 'open' }>): void {
    if (slot.state !== 'booting') return;
    slot.kernelThreadId = kernelThreadId;
    this.#pool.opened(slot.worker);
    this.recycling.opened(slot);
    this.rest(slot);
    this.#boots.opened(slot, failures);
    this.#events.opened();
    this.#pool.startSoon();
    this.recycling.nextOld();
  }

  #loaded(slot: Slot): void {
    if (this.#roster.settle(slot)) this.#pool.startSoon();
    if (slot.state !== 'warming') return;
    this.#warmup.loaded(slot);
    this.#roster.move(slot, 'idle');
    this.#warmup.rests(slot);
    this.#events.opened();
    this.#pool.startSoon();
  }

  exited(slot: Slot, exitCode: number): void {
    for (const tell of slot.drain()) tell();
    const { state } = slot;
    this.#roster.move(slot, 'gone');
    this.#warmup.ends(slot);
    slot.deadline.clear();
    // One that was asked to end has no more to say.
    if (!this.closed && !slot.endsInPeace) {
      if (state === 'booting') this.#boots.died(slot, exitCode);
      this.#events.exited(slot, state, exitCode);
    }
    slot.close();
  }
}

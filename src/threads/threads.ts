import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { JobKind } from '../job/kind.js';
import { bootError } from './attempt-errors.js';
import { type BootEvents, type BootingThreads, Boots } from './boots.js';
import { Dying } from './dying.js';
import { endThread } from './end-thread.js';
import { LoadLimit } from './load-limit.js';
import { type PoolEvents, type ThreadOptions, ThreadPool } from './pool.js';
import type { ThreadStats } from './runner.js';
import { Slot, type SlotEvents, type SlotState } from './slot.js';
import { Utilization } from './utilization.js';
import { type WarmingThreads, Warmup } from './warmup.js';
import type { FromThread, HandlerMessage, OpenMessage } from './wire/protocol.js';

export interface ThreadsOptions {
  threads: number;
  spareThreads: number;
  maxBatch: number;
  worker: ThreadOptions;
  idPrefix: string;
  /** Loaded by every thread before it takes jobs. */
  preload: readonly JobKind[];
}

export interface ThreadEvents extends BootEvents {
  /** A thread can take work: it has opened, or another has left its place to it. */
  opened(): void;
  message(slot: Slot, message: FromThread | HandlerMessage): void;
  /** A thread has sent what cannot be read. */
  unreadable(slot: Slot, error: unknown): void;
  /** A busy thread's deadline fired. */
  deadline(slot: Slot): void;
  /** A thread has exited; `state` is what it was before. */
  exited(slot: Slot, state: SlotState, exitCode: number): void;
  zombie(slot: Slot): void;
  /** For the log. */
  trouble(facts: object, message: string): void;
}

/** The threads of a queue: those that boot, wait, work, and die. Every change of a slot's state is made here. */
export class Threads implements PoolEvents, BootingThreads, WarmingThreads, SlotEvents {
  /** Threads terminated by the queue since its start. */
  killed = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #options: ThreadsOptions;
  readonly #events: ThreadEvents;
  readonly #pool: ThreadPool;
  readonly #utilization: Utilization;
  readonly #slots = new Map<Worker, Slot>();
  /** The last used last: its code is warm. */
  readonly idle: Slot[] = [];
  readonly #dying: Dying;
  readonly #boots: Boots;
  readonly #warmup: Warmup;

  constructor(clock: Clock, options: ThreadsOptions, events: ThreadEvents) {
    this.#clock = clock;
    this.#options = options;
    this.#events = events;
    this.#utilization = new Utilization(() => clock.now(), options.threads);
    this.#dying = new Dying(clock, (slot) => events.zombie(slot));
    const limit = new LoadLimit(clock, (...said) => events.trouble(...said));
    this.#boots = new Boots(limit, options.preload, this, events);
    this.#warmup = new Warmup(clock, this, limit, (kind) => events.notLoading(kind));
    this.#pool = new ThreadPool(this.wanted, options.worker, this);
  }

  /** Starts them: when whoever hears of them is there. */
  start(): void {
    this.#pool.start();
  }

  get busy(): number {
    return this.#utilization.busy;
  }

  get stats(): ThreadStats {
    const { killed, busy } = this;
    const utilization = this.#utilization.share;
    const { pendingReplacements } = this.#pool;
    let starting = pendingReplacements;
    for (const { state } of this.#slots.values()) if (state === 'booting' || state === 'warming') starting++;
    return {
      size: this.#slots.size - this.#dying.size + pendingReplacements,
      busy,
      starting,
      zombies: this.#dying.zombies,
      killed,
      utilization,
    };
  }

  /** Whether a thread waits for work and may get it. */
  get hasRoom(): boolean {
    return this.#room > 0;
  }

  get #room(): number {
    if (this.closed || this.isBlocked) return 0;
    return Math.min(this.idle.length, this.#options.threads - this.busy);
  }

  /** Threads that can be given a batch now, best first: those that wait, then, with `ahead`, those that work and can have another one ready. */
  candidates(ahead: boolean): Slot[] {
    if (this.closed) return [];
    const room = this.#room;
    const candidates = room > 0 ? this.idle.slice(-room).reverse() : [];
    if (ahead) for (const slot of this.#slots.values()) if (slot.state === 'busy' && slot.takesAhead) candidates.push(slot);
    return candidates;
  }

  /** Whether threads that do not die have piled up: then they are waited for, instead of starting ever more. */
  get isBlocked(): boolean {
    const { threads } = this.#options;
    return this.#dying.zombies >= threads || this.#dying.size >= 2 * threads;
  }

  [Symbol.iterator](): Iterator<Slot> {
    return this.#slots.values();
  }

  /** Resolves when all threads that can be had have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    return this.#boots.ready();
  }

  get open(): number {
    return this.idle.length + this.busy;
  }

  get wanted(): number {
    return this.#options.threads + this.#options.spareThreads;
  }

  get failedBoots(): number {
    return this.#pool.failedBoots;
  }

  /** The thread has work. */
  work(slot: Slot): void {
    if (slot.state === 'busy') return;
    this.#leave(slot);
    slot.state = 'busy';
    this.#utilization.busy++;
  }

  /** The thread waits for work. */
  rest(slot: Slot): void {
    this.#leave(slot);
    slot.state = 'idle';
    this.idle.push(slot);
    this.#warmup.rests(slot);
  }

  /** It loads a module. */
  warm(slot: Slot): void {
    this.#leave(slot);
    slot.state = 'warming';
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
    this.#leave(slot);
    this.#warmup.ends(slot);
    this.#dying.add(slot);
    this.killed++;
    slot.deadline.clear();
    if (slot.inspection === undefined) this.#pool.kill(slot.worker);
    else void slot.inspection.then(() => this.#pool.kill(slot.worker));
    // A spare thread takes over now: the old one may take long to exit.
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
    await Promise.all([...this.#slots.values()].map((slot) => endThread(slot, this.#clock)));
  }

  // --- What the pool tells

  spawned(worker: Worker): OpenMessage {
    const slot = new Slot(worker, this.#clock, this.#options.maxBatch, this);
    this.#slots.set(worker, slot);
    this.#boots.started(slot);
    worker.on('error', (error) => {
      slot.fatal = error;
    });
    worker.once('exit', (code) => this.#exited(slot, code));
    return slot.openMessage(this.#options.idPrefix, this.#boots.preload);
  }

  unusable(worker: Worker, error: unknown): void {
    const slot = this.#slots.get(worker);
    if (slot !== undefined) slot.fatal = error;
    void worker.terminate();
  }

  notSpawned(error: unknown): void {
    this.#boots.failed(bootError(error));
  }

  // --- What a thread tells

  deadline(slot: Slot): void {
    if (slot.state === 'booting') this.#boots.onDeadline(slot);
    else if (slot.state === 'warming') this.#warmup.onDeadline(slot);
    else if (slot.state === 'busy') this.#events.deadline(slot);
  }

  unreadable(slot: Slot, error: unknown): void {
    this.#events.unreadable(slot, error);
  }

  message(slot: Slot, message: FromThread | HandlerMessage): void {
    if (message.type === 'loading') this.#boots.loads(slot, message.kind);
    else if (message.type === 'open') this.#opened(slot, message);
    else if (message.type === 'loaded') this.#loaded(slot);
    else this.#events.message(slot, message);
  }

  #opened(slot: Slot, { failures, kernelThreadId }: Extract<FromThread, { type: 'open' }>): void {
    if (slot.state !== 'booting') return;
    slot.kernelThreadId = kernelThreadId;
    this.#pool.opened(slot.worker);
    this.rest(slot);
    this.#boots.opened(slot, failures);
    this.#events.opened();
  }

  #loaded(slot: Slot): void {
    if (slot.state !== 'warming') return;
    this.#warmup.loaded(slot);
    this.rest(slot);
    this.#events.opened();
  }

  #exited(slot: Slot, exitCode: number): void {
    slot.drain();
    const { state } = slot;
    this.#leave(slot);
    this.#warmup.ends(slot);
    slot.state = 'gone';
    slot.deadline.clear();
    this.#slots.delete(slot.worker);
    if (!this.closed) {
      if (state === 'booting') this.#boots.died(slot, exitCode);
      this.#events.exited(slot, state, exitCode);
    }
    slot.close();
  }

  /** Takes a thread out of the counts of its state. */
  #leave(slot: Slot): void {
    if (slot.state === 'busy') this.#utilization.busy--;
    else if (slot.state === 'idle') this.idle.splice(this.idle.lastIndexOf(slot), 1);
    else if (slot.state === 'dying') this.#dying.exited(slot);
  }
}

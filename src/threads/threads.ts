import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { CrashError } from '../errors.js';
import type { JobKind } from '../job/kind.js';
import { bootError, loadTimeoutError, slowModule } from './attempt-errors.js';
import { Deadline } from './deadline.js';
import { type PoolEvents, type ThreadOptions, ThreadPool } from './pool.js';
import { Readiness } from './readiness.js';
import type { ThreadStats } from './runner.js';
import { Slot, type SlotState } from './slot.js';
import { decodeThrown } from './wire/error-codec.js';
import type { Encoded, FromThread, OpenMessage } from './wire/protocol.js';

/** A terminated thread that has not exited after this many milliseconds is a zombie: native code holds it. */
const ZOMBIE_AFTER = 1_000;
/** Limit for booting a thread, in milliseconds; the modules of `jobs` that it loads then have limits of their own. */
const BOOT_LIMIT = 30_000;
/** Time that idle threads have to end by themselves when the queue closes, in milliseconds. */
const PEACE = 500;
/** So many boots in a row may fail before it is said that no thread can be had. */
const MAX_FAILED_BOOTS = 5;

export interface ThreadsOptions {
  threads: number;
  spareThreads: number;
  maxBatch: number;
  worker: ThreadOptions;
  idPrefix: string;
  /** Loaded by every thread before it takes jobs. */
  preload: readonly JobKind[];
}

export interface ThreadsEvents {
  /** A thread can take work: it has opened, or another has left its place to it. */
  opened(): void;
  message(slot: Slot, message: FromThread): void;
  /** A busy thread's deadline fired. */
  deadline(slot: Slot): void;
  /** A thread has exited; `state` is what it was before. */
  exited(slot: Slot, state: SlotState, exitCode: number): void;
  zombie(slot: Slot): void;
  /** For the log. */
  trouble(facts: object, message: string): void;
  /** No thread can be had: the last ones died, and new ones do not boot, again and again. */
  cannotBoot(error: CrashError): void;
  /** A module of the queue's `jobs` has not loaded in its time. */
  notLoading(kind: JobKind): void;
}

/** The threads of a queue: those that boot, wait, work, and die. Every change of a slot's state is made here. */
export class Threads implements PoolEvents {
  /** Threads terminated by the queue since its start. */
  killed = 0;
  busy = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #options: ThreadsOptions;
  readonly #events: ThreadsEvents;
  readonly #pool: ThreadPool;
  readonly #slots = new Map<Worker, Slot>();
  /** The last used last: its code is warm. */
  readonly #idle: Slot[] = [];
  #preload: readonly JobKind[];
  /** Terminated, and not exited. */
  #dying = 0;
  #zombies = 0;
  readonly #readiness = new Readiness();

  constructor(clock: Clock, options: ThreadsOptions, events: ThreadsEvents) {
    this.#clock = clock;
    this.#options = options;
    this.#events = events;
    this.#preload = options.preload;
    this.#pool = new ThreadPool(this.#wanted, options.worker, this);
  }

  /** Starts them: when whoever hears of them is there. */
  start(): void {
    this.#pool.start();
  }

  get stats(): ThreadStats {
    const { killed, busy } = this;
    const { pendingReplacements } = this.#pool;
    let starting = pendingReplacements;
    for (const { state } of this.#slots.values()) if (state === 'booting') starting++;
    return { size: this.#slots.size - this.#dying + pendingReplacements, busy, starting, zombies: this.#zombies, killed };
  }

  /** Whether a thread waits for work and may get it. */
  get hasRoom(): boolean {
    return this.#room > 0;
  }

  get #room(): number {
    if (this.closed || this.isBlocked) return 0;
    return Math.min(this.#idle.length, this.#options.threads - this.busy);
  }

  /** Threads that can be given a batch now, best first: those that wait, then, with `ahead`, those that work and can have another one ready. */
  candidates(ahead: boolean): Slot[] {
    if (this.closed) return [];
    const room = this.#room;
    const candidates = room > 0 ? this.#idle.slice(-room).reverse() : [];
    if (ahead) for (const slot of this.#slots.values()) if (slot.state === 'busy' && slot.takesAhead) candidates.push(slot);
    return candidates;
  }

  /** Whether threads that do not die have piled up: then they are waited for, instead of starting ever more. */
  get isBlocked(): boolean {
    const { threads } = this.#options;
    return this.#zombies >= threads || this.#dying >= 2 * threads;
  }

  [Symbol.iterator](): Iterator<Slot> {
    return this.#slots.values();
  }

  /** Resolves when all threads that can be had have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    return this.#readiness.ready(this.#open >= this.#wanted);
  }

  /** The thread has work. */
  work(slot: Slot): void {
    if (slot.state === 'busy') return;
    this.#leave(slot);
    slot.state = 'busy';
    slot.seenIdleAt = undefined;
    this.busy++;
  }

  /** The thread waits for work. */
  rest(slot: Slot): void {
    this.#leave(slot);
    slot.state = 'idle';
    this.#idle.push(slot);
  }

  /** Terminates a thread, which is replaced. Its jobs must have been taken away, or be taken right after. */
  kill(slot: Slot): void {
    this.#leave(slot);
    slot.state = 'dying';
    this.#dying++;
    this.killed++;
    slot.deadline.clear();
    slot.gone = slot.exited;
    if (slot.inspection === undefined) this.#pool.kill(slot.worker);
    else void slot.inspection.then(() => this.#pool.kill(slot.worker));
    this.#clock.setTimeout(() => this.#stillThere(slot), ZOMBIE_AFTER);
    // A spare thread takes over now: the old one may take long to exit.
    this.#events.opened();
  }

  /**
   * Ends all threads: idle ones in peace, so that what they have written arrives and their exit handlers run, the others at
   * once. Resolves when they have exited; native code may keep them for long.
   */
  async close(): Promise<void> {
    this.closed = true;
    this.#readiness.close();
    this.#pool.stop();
    await Promise.all([...this.#slots.values()].map((slot) => this.#end(slot)));
  }

  async #end(slot: Slot): Promise<void> {
    slot.deadline.clear();
    await slot.inspection;
    if (slot.state === 'idle' || (slot.state === 'busy' && slot.isBetweenJobs)) await this.#endInPeace(slot);
    slot.close();
    void slot.worker.terminate();
    await slot.exited;
  }

  /** Resolves when it has ended by itself, or has had its time to. */
  #endInPeace(slot: Slot): Promise<void> {
    slot.end();
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(resolve, PEACE);
      void slot.exited.then(() => {
        this.#clock.clearTimeout(timer);
        resolve();
      });
    });
  }

  // --- What the pool tells

  spawned(worker: Worker): OpenMessage {
    const deadline = new Deadline(this.#clock, () => (slot.state === 'booting' ? this.#bootDeadline(slot) : this.#events.deadline(slot)));
    const slot: Slot = new Slot(worker, deadline, this.#options.maxBatch, (message: FromThread) => this.#receive(slot, message));
    this.#slots.set(worker, slot);
    deadline.within(BOOT_LIMIT);
    worker.on('error', (error) => {
      slot.fatal = error;
    });
    worker.once('exit', (code) => this.#exited(slot, code));
    return slot.openMessage(this.#options.idPrefix, this.#preload);
  }

  unusable(worker: Worker, error: unknown): void {
    const slot = this.#slots.get(worker);
    if (slot !== undefined) slot.fatal = error;
    void worker.terminate();
  }

  notSpawned(error: unknown): void {
    this.#bootFailed(bootError(error));
  }

  // --- A thread boots

  #receive(slot: Slot, message: FromThread): void {
    if (message.type === 'loading') this.#startsLoading(slot, message.kind);
    else if (message.type === 'open') this.#opened(slot, message);
    else this.#events.message(slot, message);
  }

  #opened(slot: Slot, { failures, kernelThreadId }: Extract<FromThread, { type: 'open' }>): void {
    if (slot.state !== 'booting') return;
    slot.kernelThreadId = kernelThreadId;
    slot.loading = undefined;
    this.#pool.opened(slot.worker);
    this.rest(slot);
    if (failures.length > 0) this.#notReady(decodeThrown(failures[0] as Encoded));
    else if (this.#open >= this.#wanted) this.#readiness.reached();
    this.#events.opened();
  }

  /** It loads a module of the queue's `jobs` now: that has a limit of its own. */
  #startsLoading(slot: Slot, index: number): void {
    const kind = this.#options.preload.find((one) => one.index === index);
    if (slot.state !== 'booting' || kind === undefined) return;
    slot.loading = { kind, since: this.#clock.now() };
    slot.deadline.clear();
    slot.deadline.within(kind.definition.loadTimeout / 2);
  }

  #bootDeadline(slot: Slot): void {
    const { loading } = slot;
    if (loading === undefined) {
      this.#bootFailed(bootError(new Error(`a thread did not boot within ${BOOT_LIMIT} ms`)));
      return this.kill(slot);
    }
    const left = loading.since + loading.kind.definition.loadTimeout - this.#clock.now();
    if (left > 0) {
      slot.deadline.within(left);
      return this.#events.trouble(...slowModule(loading.kind.definition));
    }
    this.#notReady(loadTimeoutError(loading.kind.definition), loading.kind);
    this.kill(slot);
    this.#events.notLoading(loading.kind);
  }

  /** Threads that have opened, and live. */
  get #open(): number {
    return this.#idle.length + this.busy;
  }

  get #wanted(): number {
    return this.#options.threads + this.#options.spareThreads;
  }

  /** Each job whose module is bad will say so itself; threads shall not load it again while they boot. */
  #notReady(error: unknown, bad?: JobKind): void {
    this.#readiness.failed(error);
    this.#preload = bad === undefined ? [] : this.#preload.filter((kind) => kind !== bad);
  }

  #exited(slot: Slot, exitCode: number): void {
    slot.drain();
    const { state } = slot;
    this.#leave(slot);
    slot.state = 'gone';
    slot.deadline.clear();
    this.#slots.delete(slot.worker);
    if (!this.closed) {
      if (state === 'booting') this.#diedBooting(slot, exitCode);
      this.#events.exited(slot, state, exitCode);
    }
    slot.close();
  }

  #diedBooting({ fatal }: Slot, exitCode: number): void {
    const error = bootError(fatal, exitCode);
    if (this.#preload.length > 0) this.#notReady(error);
    this.#bootFailed(error);
  }

  /** A queue works with the threads it has; only where there is none its jobs cannot wait for one. */
  #bootFailed(error: CrashError): void {
    const { failedBoots } = this.#pool;
    if (failedBoots > MAX_FAILED_BOOTS && this.#open > 0) return;
    const what = this.#open > 0 ? 'a thread cannot be started: the queue works with those it has' : 'no thread can be started';
    this.#events.trouble({ error: error.message, threads: this.#open, wanted: this.#wanted }, what);
    if (failedBoots < MAX_FAILED_BOOTS) return;
    if (this.#open > 0) return this.#readiness.reached();
    this.#notReady(error);
    this.#events.cannotBoot(error);
  }

  /** Takes a thread out of the counts of its state. */
  #leave(slot: Slot): void {
    if (slot.state === 'busy') this.busy--;
    else if (slot.state === 'idle') this.#idle.splice(this.#idle.lastIndexOf(slot), 1);
    else if (slot.state === 'dying') {
      this.#dying--;
      if (slot.isZombie) this.#zombies--;
    }
  }

  #stillThere(slot: Slot): void {
    if (slot.state !== 'dying') return;
    slot.isZombie = true;
    this.#zombies++;
    // A termination can be lost; a second one is harmless.
    void slot.worker.terminate();
    this.#events.zombie(slot);
  }
}

import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import { QueueClosedError } from '../errors.js';
import type { JobKind } from '../job/kind.js';
import { bootError } from './attempt-errors.js';
import { Deadline, LOAD_LIMIT } from './deadline.js';
import { type ThreadOptions, ThreadPool } from './pool.js';
import type { ThreadStats } from './runner.js';
import { Slot, type SlotState } from './slot.js';
import { Utilization } from './utilization.js';
import { decodeThrown } from './wire/error-codec.js';
import type { Encoded, FromThread } from './wire/protocol.js';

/** A terminated thread that has not exited after this many milliseconds is a zombie: native code holds it. */
const ZOMBIE_AFTER = 1_000;
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
  /** Threads die before they have booted, again and again. */
  cannotBoot(error: Error): void;
}

/** The threads of a queue: those that boot, wait, work, and die. Every change of a slot's state is made here. */
export class Threads {
  /** Threads terminated by the queue since its start. */
  killed = 0;
  closed = false;
  readonly #clock: Clock;
  readonly #options: ThreadsOptions;
  readonly #events: ThreadsEvents;
  readonly #pool: ThreadPool;
  readonly #utilization: Utilization;
  readonly #slots = new Map<Worker, Slot>();
  /** The last used last: its code is warm. */
  readonly #idle: Slot[] = [];
  #preload: readonly JobKind[];
  /** Terminated, and not exited. */
  #dying = 0;
  #zombies = 0;
  #failure: unknown;
  #ready: { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } | undefined;

  constructor(clock: Clock, options: ThreadsOptions, events: ThreadsEvents) {
    this.#clock = clock;
    this.#options = options;
    this.#events = events;
    this.#preload = options.preload;
    this.#utilization = new Utilization(() => clock.now(), options.threads);
    this.#pool = new ThreadPool(options.threads + options.spareThreads, options.worker, {
      born: (worker) => this.#born(worker),
      booted: (worker) => this.#booted(worker),
      unusable: (worker, error) => this.#unusable(worker, error),
    });
    this.#pool.start();
  }

  get busy(): number {
    return this.#utilization.busy;
  }

  get stats(): ThreadStats {
    const { killed, busy } = this;
    const utilization = this.#utilization.share;
    const { owed } = this.#pool;
    let starting = owed;
    for (const { state } of this.#slots.values()) if (state === 'booting') starting++;
    return { size: this.#slots.size - this.#dying + owed, busy, starting, zombies: this.#zombies, killed, utilization };
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

  /** Resolves when all threads have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    if (this.closed) return Promise.reject(new QueueClosedError('the queue is closed: its threads are gone'));
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#allOpen) return Promise.resolve();
    this.#ready ??= deferred();
    return this.#ready.promise;
  }

  /** The thread has work. */
  work(slot: Slot): void {
    if (slot.state === 'busy') return;
    this.#leave(slot);
    slot.state = 'busy';
    slot.seenIdleAt = undefined;
    this.#utilization.busy++;
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

  /** Terminates all threads. Resolves when they have exited; native code may keep them for long. */
  async close(): Promise<void> {
    this.closed = true;
    this.#ready?.reject(new QueueClosedError('the queue was closed before its threads were ready'));
    for (const slot of this.#slots.values()) slot.deadline.clear();
    await Promise.all([...this.#slots.values()].map(({ inspection }) => inspection));
    // Those that were terminated before are no longer the pool's, but they may live.
    const exited = [...this.#slots.values()].map((slot) => slot.exited);
    for (const slot of this.#slots.values()) slot.close();
    await Promise.all([this.#pool.close(), ...exited]);
  }

  #born(worker: Worker): void {
    const deadline = new Deadline(this.#clock, () => (slot.state === 'booting' ? this.#bootOver(slot) : this.#events.deadline(slot)));
    const slot: Slot = new Slot(worker, deadline, this.#options.maxBatch, (message: FromThread) => this.#receive(slot, message));
    this.#slots.set(worker, slot);
    deadline.within(LOAD_LIMIT);
    worker.on('error', (error) => {
      slot.fatal = error;
    });
    worker.once('exit', (code) => this.#exited(slot, code));
  }

  #booted(worker: Worker): void {
    const slot = this.#slots.get(worker);
    if (slot !== undefined && !this.closed) this.#pool.open(worker, slot.openMessage(this.#options.idPrefix, this.#preload));
  }

  #unusable(worker: Worker, error: unknown): void {
    const slot = this.#slots.get(worker);
    if (slot !== undefined) slot.fatal = error;
    void worker.terminate();
  }

  #receive(slot: Slot, message: FromThread): void {
    if (message.type !== 'open') return this.#events.message(slot, message);
    if (slot.state !== 'booting') return;
    slot.kernelThreadId = message.kernelThreadId;
    this.#pool.opened();
    this.rest(slot);
    if (message.failures.length > 0) this.#notReady(decodeThrown(message.failures[0] as Encoded));
    else if (this.#allOpen) this.#ready?.resolve();
    this.#events.opened();
  }

  get #allOpen(): boolean {
    return this.#idle.length + this.busy >= this.#options.threads + this.#options.spareThreads;
  }

  #notReady(error: unknown): void {
    this.#failure ??= error;
    this.#ready?.reject(error);
    // Each job whose module is bad will say so itself; threads shall not load it again while they boot.
    this.#preload = [];
  }

  #bootOver(slot: Slot): void {
    this.#notReady(bootError(new Error(`a thread did not boot and load the queue's jobs within ${LOAD_LIMIT} ms`)));
    this.kill(slot);
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
    if (this.#pool.failedBoots < MAX_FAILED_BOOTS) return;
    this.#notReady(error);
    this.#events.cannotBoot(error);
  }

  /** Takes a thread out of the counts of its state. */
  #leave(slot: Slot): void {
    if (slot.state === 'busy') this.#utilization.busy--;
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

function deferred() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

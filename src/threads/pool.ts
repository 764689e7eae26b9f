import { MessagePort, type Worker, type WorkerOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { THREAD } from '../package-files.js';
import { setTimeout } from '../time/timers.js';
import type { OpenMessage } from './wire/protocol.js';

/** What the threads are started with. */
export interface ThreadOptions extends Pick<WorkerOptions, 'resourceLimits' | 'env' | 'execArgv' | 'argv'> {
  /** What each `setup` is given, cloned. */
  data?: unknown;
  /** As `top`, `ps` and `perf` show the threads, on Linux; 15 characters of it. */
  name?: string;
  /** How much less of a busy machine the threads get than the main thread; needs `@napi-rs/nice`. */
  niceIncrement?: number;
  /**
   * What becomes of what is printed in the threads, by `console` or to `process.stdout` and `stderr`. `'inherit'`: it goes to the output of
   * this process. `'log'`: it becomes log lines of the job whose code prints it, with the same bounds as `context.log`; they also
   * arrive from a thread that is killed. `'ignore'`: nothing. Default `'inherit'`.
   */
  console?: 'log' | 'inherit' | 'ignore';
}

/** First wait after a thread could not be started, and the longest, in milliseconds; it doubles from one to the next. */
const RETRY = { first: 100, longest: 5_000 };
/** Time that the next job has to start on a spare thread before a new thread boots, which takes a core, in milliseconds. */
const HEAD_START = 3;

export interface PoolEvents {
  /** How many threads there shall be now. */
  readonly wanted: number;
  /** A thread was started; it gets this first message when it has booted. */
  spawned(worker: Worker): OpenMessage;
  /** It lives, but could not be opened. */
  unusable(worker: Worker, error: unknown): void;
  /** The operating system, or an option, does not allow another one. */
  notSpawned(error: unknown): void;
}

/**
 * Keeps up the number of threads. Piscina starts each, loads our entry in it and hands it one task, the message that opens it;
 * whether a thread is replaced, and when, is decided here: Piscina would start a failing one again at once, or never, and
 * a thread that cannot be started would throw where nobody catches.
 */
export class ThreadPool {
  readonly #options: ThreadOptions;
  readonly #events: PoolEvents;
  /** Those that live and were not killed; true once they have answered: then their death is no failure to boot. */
  readonly #threads = new Map<Worker, boolean>();
  #pendingReplacements = 0;
  #failedBoots = 0;
  #retrying = false;
  #closed = false;

  constructor(options: ThreadOptions, events: PoolEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Starts the threads that are missing. */
  start(): void {
    for (let missing = this.#events.wanted - this.size; missing > 0 && !this.#closed; missing--) {
      if (!this.#spawn()) return;
    }
  }

  /** The same a moment later, when jobs have started that could: a thread more is there, and others may have waited for that. */
  startSoon(): void {
    if (this.#events.wanted > this.size) setTimeout(() => this.start(), HEAD_START).unref();
  }

  /** Those that live and shall go on, and those about to be started. */
  get size(): number {
    return this.#threads.size + this.pendingReplacements;
  }

  /** Whether all of them have opened. */
  get isComplete(): boolean {
    return this.pendingReplacements === 0 && ![...this.#threads.values()].includes(false);
  }

  /** Whether a thread could not be started, and is tried again after a while. */
  get isRetrying(): boolean {
    return this.#retrying;
  }

  /** Threads that were killed, and whose replacement is about to be started. */
  get pendingReplacements(): number {
    return this.#closed ? 0 : this.#pendingReplacements;
  }

  /** How many times in a row a thread could not be started, or has died before it had opened. */
  get failedBoots(): number {
    return this.#failedBoots;
  }

  /** A thread has not booted in its time. */
  bootFailed(): void {
    this.#failedBoots++;
  }

  /** A thread has answered: threads can boot. */
  opened(worker: Worker): void {
    if (this.#threads.has(worker)) this.#threads.set(worker, true);
    this.#failedBoots = 0;
  }

  /** A thread was terminated: starts its replacement a moment later. It may take its time to exit. */
  killed(worker: Worker): void {
    // One that has exited is replaced already.
    if (this.#threads.delete(worker)) this.replace();
  }

  /** A thread ends by itself: its place is free. */
  release(worker: Worker): void {
    this.#threads.delete(worker);
  }

  /** Starts another one a moment later, where one is missing. */
  replace(): void {
    this.#pendingReplacements++;
    setTimeout(() => {
      this.#pendingReplacements--;
      this.start();
    }, HEAD_START).unref();
  }

  /** Starts no more threads. */
  stop(): void {
    this.#closed = true;
  }

  /** Whether a thread was started. */
  #spawn(): boolean {
    const piscina = this.#newPiscina();
    const worker = piscina?.threads[0];
    if (piscina === undefined || worker === undefined) return false;
    this.#threads.set(worker, false);
    worker.once('exit', () => this.#exited(worker));
    const message = this.#events.spawned(worker);
    const transferList = Object.values(message).filter((value) => value instanceof MessagePort);
    piscina.run(message, { transferList }).catch((error: unknown) => {
      // A thread's end is seen by its own events; one that lives, and yet could not be opened, is of no use.
      if (piscina.threads.includes(worker) && !this.#closed) this.#events.unusable(worker, error);
    });
    return true;
  }

  #newPiscina(): Piscina | undefined {
    const { data: _, name: __, console: ___, ...options } = this.#options;
    try {
      const piscina = new Piscina({
        ...options,
        filename: THREAD.href,
        minThreads: 1,
        maxThreads: 1,
        idleTimeout: Number.POSITIVE_INFINITY,
        atomics: 'disabled',
        recordTiming: false,
      });
      // It has its thread: it shall start no other.
      piscina.options.minThreads = 0;
      piscina.on('error', () => {
        // Also seen by the thread's own events; without a listener it would end the process.
      });
      return piscina;
    } catch (error) {
      this.#retry();
      this.#events.notSpawned(error);
      return undefined;
    }
  }

  #exited(worker: Worker): void {
    const hadOpened = this.#threads.get(worker);
    if (!this.#threads.delete(worker)) return;
    if (hadOpened) this.start();
    else this.#retry();
  }

  /** Starts what is missing after a while, longer each time. */
  #retry(): void {
    const wait = Math.min(RETRY.first * 2 ** this.#failedBoots++, RETRY.longest);
    if (this.#retrying) return;
    this.#retrying = true;
    setTimeout(() => {
      this.#retrying = false;
      this.start();
    }, wait).unref();
  }
}

/** Resolves when the thread has exited; never rejects, whatever errors it emits on its way. */
export function exited(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
  });
}

import type { Worker, WorkerOptions } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { queueMicrotask, setTimeout } from '../timers.js';
import type { OpenMessage } from './wire/protocol.js';

/** What the threads are started with. */
export type ThreadOptions = Pick<WorkerOptions, 'resourceLimits' | 'env' | 'execArgv' | 'argv'>;

/** First wait after threads failed to boot, and the longest, in milliseconds. */
const REBOOT = { first: 100, longest: 5_000 };
/** Time that the next job has to start on a spare thread before a new thread boots, which takes a core, in milliseconds. */
const HEAD_START = 3;

export interface PoolEvents {
  /** A thread was started; it has not booted. */
  born(worker: Worker): void;
  /** It has booted and can be opened. */
  booted(worker: Worker): void;
  /** It lives, but could not be opened. */
  unusable(worker: Worker, error: unknown): void;
}

/**
 * Piscina as the keeper of threads: it starts them, and replaces one that died or is terminated. It runs two
 * kinds of task only, each on a thread we choose: the one that opens a thread, and an empty one whose abort replaces it.
 * No task ever waits in Piscina, and none is running between the two, so an idle thread never keeps the process alive.
 */
export class ThreadPool {
  readonly #size: number;
  readonly #options: ThreadOptions;
  readonly #events: PoolEvents;
  readonly #known = new Map<Worker, Piscina>();
  #keepers: Piscina[] = [];
  /** Thread the next task is for: Piscina asks its balancer while `run` is called. */
  #target: number | undefined;
  /** Terminated threads whose replacement has not been started. */
  readonly #owed = new Set<Worker>();
  #failedBoots = 0;
  #closed = false;

  constructor(size: number, options: ThreadOptions, events: PoolEvents) {
    this.#size = size;
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#hire(this.#size);
  }

  /** Threads that live, booting ones included. */
  get size(): number {
    return this.#keepers.reduce((sum, keeper) => sum + keeper.threads.length, 0);
  }

  /** Threads that are about to be started. */
  get owed(): number {
    return this.#owed.size;
  }

  /** How many times in a row a thread has died before it had booted. */
  get failedBoots(): number {
    return this.#failedBoots;
  }

  /** Sends a thread its first message. */
  open(worker: Worker, message: OpenMessage): void {
    this.#run(worker, message);
  }

  /** A thread has answered: threads can boot. Piscina says so of those it starts first before they have. */
  opened(): void {
    this.#failedBoots = 0;
  }

  /** Terminates a thread at once, and starts its replacement a moment later. The thread may take its time to exit. */
  kill(worker: Worker): void {
    void worker.terminate();
    this.#owed.add(worker);
    setTimeout(() => this.#replace(worker), HEAD_START).unref();
  }

  /** Terminates all threads; resolves when they have exited. */
  async close(): Promise<void> {
    this.#closed = true;
    // Piscina would start threads again when one exits that it had terminated before it was destroyed.
    for (const keeper of this.#keepers) keeper.options.minThreads = 0;
    await Promise.all(this.#keepers.map((keeper) => keeper.destroy()));
  }

  /** Without the abort Piscina replaces a thread when it has exited: native code can put that off for seconds. */
  #replace(worker: Worker): void {
    // A thread that has not booted gets no task, and one that has exited is replaced already.
    this.#run(worker, undefined)?.abort();
    this.#owed.delete(worker);
    this.#adopt();
  }

  #run(worker: Worker, task: OpenMessage | undefined): AbortController | undefined {
    const keeper = this.#known.get(worker);
    if (!keeper?.threads.includes(worker) || this.#closed) return undefined;
    const controller = new AbortController();
    this.#target = worker.threadId;
    keeper.run(task, { signal: controller.signal, transferList: task ? [task.port] : [] }).catch((error: unknown) => {
      // A thread's end is seen by its own events; one that lives, and yet could not be opened, is of no use.
      if (task !== undefined && keeper.threads.includes(worker) && !this.#closed) this.#events.unusable(worker, error);
    });
    this.#target = undefined;
    return controller;
  }

  #hire(count: number): void {
    const keeper = new Piscina({
      ...this.#options,
      filename: new URL('./inside/entry.cjs', import.meta.url).href,
      minThreads: count,
      maxThreads: count,
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      loadBalancer: (_task, workers) => workers.find((worker) => worker.id === this.#target) ?? null,
    });
    this.#keepers.push(keeper);
    keeper.on('error', () => {
      // Also seen by the thread's own events; without a listener it would end the process.
    });
    keeper.on('workerCreate', ({ id }: { id: number }) => {
      // Piscina emits this just before it counts the thread as ready.
      queueMicrotask(() => {
        const worker = keeper.threads.find((thread) => thread.threadId === id);
        if (worker !== undefined) this.#events.booted(worker);
      });
    });
    this.#adopt();
  }

  /** Takes note of threads that Piscina has started by itself. */
  #adopt(): void {
    if (this.#closed) return;
    for (const keeper of this.#keepers) {
      for (const worker of keeper.threads) {
        if (this.#known.has(worker)) continue;
        this.#known.set(worker, keeper);
        this.#events.born(worker);
        worker.once('exit', () => this.#exited(worker));
      }
    }
  }

  #exited(worker: Worker): void {
    this.#known.delete(worker);
    this.#owed.delete(worker);
    if (this.#closed) return;
    this.#adopt();
    const missing = this.#size - this.size;
    if (missing <= 0) return;
    // Piscina stops replacing threads for good once one has died while booting: a new keeper takes over, after a while.
    const wait = Math.min(REBOOT.first * 2 ** this.#failedBoots++, REBOOT.longest);
    setTimeout(() => this.#rehire(), wait).unref();
  }

  #rehire(): void {
    this.#keepers = this.#keepers.filter((keeper) => keeper.threads.length > 0);
    const missing = this.#size - this.size;
    if (missing > 0 && !this.#closed) this.#hire(missing);
  }
}

/** Resolves when the thread has exited; never rejects, whatever errors it emits on its way. */
export function gone(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
  });
}

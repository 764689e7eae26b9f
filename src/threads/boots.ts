import type { CrashError } from '../errors/errors.js';
import type { JobKind } from '../job/kind.js';
import { bootError, loadTimeoutError } from './attempt-errors.js';
import type { LoadLimit } from './load-limit.js';
import { Readiness } from './readiness.js';
import type { Slot } from './slot.js';
import { decodeThrown } from './wire/error-codec.js';
import type { FromThread } from './wire/protocol.js';

/** Limit for booting a thread, in milliseconds; the modules of `jobs` that it loads then have limits of their own. */
const BOOT_LIMIT = 30_000;
/** So many boots in a row may fail before it is said that no thread can be had. */
const MAX_FAILED_BOOTS = 5;

/** What must be known of the threads while some of them boot. */
export interface BootingThreads {
  /** Threads that have opened, and live. */
  readonly open: number;
  /** How many there shall be at least. */
  readonly least: number;
  /** How many boots in a row have failed. */
  readonly failedBoots: number;
  /** A boot that has taken too long is one of them. */
  bootFailed(): void;
  kill(slot: Slot): void;
}

export interface BootEvents {
  /** No thread can be had: there is none, and new ones do not boot, again and again. */
  cannotBoot(error: CrashError): void;
  /** A module of the queue's `jobs` has not loaded in its time. */
  notLoading(kind: JobKind): void;
  /** For the log. */
  trouble(facts: object, message: string): void;
}

/** What happens to threads from their start until they can take jobs, and whether the queue is ready. */
export class Boots {
  readonly #limit: LoadLimit;
  readonly #threads: BootingThreads;
  readonly #events: BootEvents;
  readonly #readiness = new Readiness();
  #preload: readonly JobKind[];

  constructor(limit: LoadLimit, preload: readonly JobKind[], threads: BootingThreads, events: BootEvents) {
    this.#limit = limit;
    this.#preload = preload;
    this.#threads = threads;
    this.#events = events;
  }

  /** What a thread loads before it opens. */
  get preload(): readonly JobKind[] {
    return this.#preload;
  }

  /** Resolves when all threads that can be had have booted and loaded the queue's `jobs`; rejects when they cannot. */
  ready(): Promise<void> {
    return this.#readiness.ready(this.#threads.open >= this.#threads.least);
  }

  /** Whether somebody has asked for that. */
  get isAwaited(): boolean {
    return this.#readiness.isAwaited;
  }

  close(): void {
    this.#readiness.close();
  }

  started(slot: Slot): void {
    slot.deadline.within(BOOT_LIMIT);
  }

  /** The thread loads a module of the queue's `jobs` now: that has a limit of its own. */
  loads(slot: Slot, index: number): void {
    const kind = this.#preload.find((one) => one.index === index);
    // Another thread has found that it does not load.
    if (kind !== undefined) this.#limit.begins(slot, kind);
  }

  onDeadline(slot: Slot): void {
    const { loading } = slot;
    if (loading === undefined) {
      this.#threads.bootFailed();
      this.failed(bootError(new Error(`a thread did not boot within ${BOOT_LIMIT} ms`)));
      return this.#threads.kill(slot);
    }
    if (!this.#limit.isOver(slot, loading)) return;
    this.#notReady(loadTimeoutError(loading.kind.definition), loading.kind);
    this.#threads.kill(slot);
    this.#events.notLoading(loading.kind);
  }

  /** The thread can take jobs. */
  opened(slot: Slot, failures: Extract<FromThread, { type: 'open' }>['failures']): void {
    this.#limit.ended(slot);
    for (const { kind, error } of failures) {
      const bad = this.#preload.find(({ index }) => index === kind);
      if (bad !== undefined) this.#notReady(decodeThrown(error), bad);
    }
    if (failures.length > 0) return;
    if (this.#threads.open >= this.#threads.least) this.#readiness.reached();
  }

  died({ fatal, loading }: Slot, exitCode: number): void {
    const error = bootError(fatal, exitCode);
    if (loading !== undefined) this.#notReady(error, loading.kind);
    this.failed(error);
  }

  /** A queue works with the threads it has; only where there is none its jobs cannot wait for one. */
  failed(error: CrashError): void {
    const { open, least: wanted, failedBoots } = this.#threads;
    if (open > 0 && failedBoots > MAX_FAILED_BOOTS) return;
    const what = open > 0 ? 'a thread cannot be started: the queue works with those it has' : 'no thread can be started';
    this.#events.trouble({ error: error.message, threads: open, wanted }, what);
    if (failedBoots < MAX_FAILED_BOOTS) return;
    if (open > 0) return this.#readiness.reached();
    this.#notReady(error);
    this.#events.cannotBoot(error);
  }

  /** Each job whose module is bad will say so itself; threads shall not load it again while they boot. */
  #notReady(error: unknown, bad?: JobKind): void {
    this.#readiness.failed(error);
    this.#preload = this.#preload.filter((kind) => kind !== bad);
  }
}

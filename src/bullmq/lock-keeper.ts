import { Worker } from 'node:worker_threads';
import type { RedisOptions } from 'ioredis';
import * as internals from '../internals.js';

/** What the thread that renews locks is started with. */
export interface LockKeeperData {
  readonly connection: RedisOptions;
  readonly prefix: string;
  readonly name: string;
  readonly lockDuration: number;
  /** One number, which changes while the main thread goes on. */
  readonly beats: SharedArrayBuffer;
  /** How long it may stand still, in milliseconds. */
  readonly patience: number;
}

/** A job whose lock is kept from now on, by its token; or without one, no more. */
export type LockMessage = [id: string, token: string | undefined];

/** Milliseconds between two beats. */
const BEAT = 1_000;
/** Locks that a main thread may stand still for. */
const PATIENCE = 10;

/**
 * Keeps the locks of jobs that this process has taken, whatever its main thread does. `lost` is told of jobs whose lock another has,
 * or that nobody could renew in time.
 */
export class LockKeeper {
  /** Resolves when it can renew locks: no job shall be taken before. */
  readonly ready: Promise<void>;
  readonly #thread: Worker;
  readonly #beat: NodeJS.Timeout;
  #messages: LockMessage[] = [];

  constructor(data: Omit<LockKeeperData, 'beats' | 'patience'>, lost: (id: string) => void, failed: (error: unknown) => void) {
    const beats = new SharedArrayBuffer(4);
    const pulse = new Int32Array(beats);
    this.#beat = internals.timers.setInterval(() => void Atomics.add(pulse, 0, 1), BEAT).unref();
    const workerData: LockKeeperData = { ...data, beats, patience: PATIENCE * data.lockDuration };
    this.#thread = new Worker(internals.packageFiles.LOCK_THREAD, { workerData, execArgv: [], name: 'threadmill locks' });
    this.ready = new Promise((resolve) => {
      this.#thread.on('message', (message: 'ready' | string[]) => {
        if (message === 'ready') resolve();
        else message.forEach(lost);
      });
    });
    this.#thread.on('error', failed);
  }

  keep(id: string, token: string): void {
    this.#tell([id, token]);
  }

  release(id: string): void {
    this.#tell([id, undefined]);
  }

  async close(): Promise<void> {
    internals.timers.clearInterval(this.#beat);
    await this.#thread.terminate();
  }

  /** Many in one message; before anything else can block this thread. */
  #tell(message: LockMessage): void {
    if (this.#messages.push(message) > 1) return;
    internals.timers.queueMicrotask(() => {
      this.#thread.postMessage(this.#messages);
      this.#messages = [];
    });
  }
}

import type { Redis } from 'ioredis';
import * as internals from '../internals.js';
import type { Connection } from './connection.js';
import type { Reader } from './reader.js';
import { packError, tombstoneOf, unpackError } from './stored.js';

/** Cancels jobs wherever they are. */
export class Cancels {
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #failed: (error: unknown) => void;
  #subscription: Redis | undefined;

  constructor(connection: Connection, reader: Reader, failed: (error: unknown) => void) {
    this.#connection = connection;
    this.#reader = reader;
    this.#failed = failed;
  }

  /** A process that runs jobs hears whose are cancelled. `missed` is called when the connection was cut: what was said meanwhile is written on the jobs. */
  listen(cancelled: (id: string, reason: unknown) => void, missed: () => void): void {
    const subscription = this.#connection.redis.duplicate();
    this.#subscription = subscription;
    subscription.on('error', this.#failed);
    subscription.on('message', (_channel, text: string) => {
      const { id, reason } = JSON.parse(text) as { id: string; reason: string };
      cancelled(id, unpackError(reason));
    });
    subscription.on('ready', missed);
    subscription.subscribe(this.#channel).catch(this.#failed);
  }

  /** Whether the job had not ended. */
  async cancel(id: string, reason: unknown): Promise<boolean> {
    for (;;) {
      const job = await this.#connection.queue.getJob(id);
      if (job === undefined) return false;
      const state = await job.getState();
      if (state === 'completed' || state === 'failed' || state === 'unknown') return false;
      if (state === 'active') {
        const packed = packError(reason);
        if (!(await this.#connection.markCancelled(id, packed))) continue;
        await this.#connection.redis.publish(this.#channel, JSON.stringify({ id, reason: packed }));
        return true;
      }
      if (await this.#remove(id, reason)) return true;
    }
  }

  /** A job that waits; false when somebody took it meanwhile. */
  async #remove(id: string, reason: unknown): Promise<boolean> {
    const { queue } = this.#connection;
    const job = await queue.getJob(id);
    if (job === undefined) return false;
    const attempts = await this.#reader.storedAttempts(job);
    const error = internals.cancelled({ id, attempt: job.attemptsMade, kind: { definition: { name: job.name } as never } }, reason);
    // First: who hears that the job is gone reads it.
    await this.#connection.bury(id, tombstoneOf(job, 'cancelled', attempts, error));
    try {
      await job.remove();
      return true;
    } catch {
      // Its lock is somebody's by now.
      await this.#connection.exhume(id);
      return false;
    }
  }

  get #channel(): string {
    return this.#connection.keyOf('threadmill:cancel');
  }

  close(): void {
    this.#subscription?.disconnect();
  }
}

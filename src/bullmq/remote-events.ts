import { QueueEvents } from 'bullmq';
import type { Connection } from './connection.js';

/** Events of BullMQ's stream that are read, and ours among them. */
const READ = ['added', 'active', 'progress', 'completed', 'retrying', 'failed', 'removed', 'paused', 'resumed'] as const;

/** An event as it stands in the stream. */
export type RemoteEvent = (typeof READ)[number];

/** Its fields. */
export interface RemoteFields {
  readonly jobId: string;
  readonly [field: string]: unknown;
}

/** Entries of the stream that are kept, about. */
const MAX_EVENTS = 10_000;

/** The stream of a queue's events, to which each process writes; read from the first time that somebody wants to hear it. */
export class RemoteEvents {
  readonly #connection: Connection;
  readonly #failed: (error: unknown) => void;
  readonly #sinks: ((event: RemoteEvent, fields: RemoteFields) => void)[] = [];
  #events: QueueEvents | undefined;
  #started: Promise<void> | undefined;
  #closed = false;

  constructor(connection: Connection, failed: (error: unknown) => void) {
    this.#connection = connection;
    this.#failed = failed;
  }

  to(sink: (event: RemoteEvent, fields: RemoteFields) => void): void {
    this.#sinks.push(sink);
  }

  /** Resolves when nothing that happens from now on is missed. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    const { redis, queue, ofParts } = this.#connection;
    // "$" would be the last one when the first read is there, which is later.
    const [last] = await redis.xrevrange(this.#connection.keyOf('events'), '+', '-', 'COUNT', 1);
    if (this.#closed) return;
    const events = new QueueEvents(queue.name, { ...ofParts, lastEventId: last?.[0] ?? '0-0' } as never);
    this.#events = events;
    events.on('error', this.#failed);
    for (const event of READ) {
      events.on(
        event as never,
        ((fields: RemoteFields) => {
          for (const sink of this.#sinks) sink(event, fields);
        }) as never,
      );
    }
  }

  /** Writes an event of ours. */
  async publish(event: RemoteEvent, fields: Record<string, string | number>): Promise<void> {
    const all = Object.entries({ event, ...fields }).flat();
    await this.#connection.redis.xadd(this.#connection.keyOf('events'), 'MAXLEN', '~', MAX_EVENTS, '*', ...all);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#started?.catch(() => {});
    await this.#events?.close();
  }
}

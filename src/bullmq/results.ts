import { NotFoundError, QueueClosedError } from '../index.js';
import * as internals from '../internals.js';
import type { Reader } from './reader.js';
import type { RemoteEvent, RemoteEvents, RemoteFields } from './remote-events.js';
import { type CodecOf, type JobReturn, outputOf } from './stored.js';
import { CLOSE_TIMEOUT, within } from './within.js';

/** Somebody who waits for a job's end. */
interface Waiting {
  readonly name: string;
  readonly promise: Promise<unknown>;
  resolve(output: unknown): void;
  reject(error: unknown): void;
  /** Whether the job is in Redis, as far as we know. */
  added: boolean;
}

/** How often ends are asked for that no event has told, in milliseconds, and of how many: a stream is trimmed, and a connection is cut. */
const ASK_EVERY = 5_000;
const ASK_MOST = 100;

/** Tells those who wait how jobs have ended, in whichever process. */
export class Results {
  readonly #events: RemoteEvents;
  readonly #reader: Reader;
  readonly #codecOf: CodecOf;
  readonly #waiting = new Map<string, Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(events: RemoteEvents, reader: Reader, codecOf: CodecOf) {
    this.#events = events;
    this.#reader = reader;
    this.#codecOf = codecOf;
    events.to((event, fields) => this.#hear(event, fields));
  }

  /** The end of a job that is there. */
  of(id: string, name: string): Promise<unknown> {
    const { promise } = this.#expect(id, name, true);
    // It rejects when the queue closes, which tells all who wait.
    this.#events.start().then(
      () => this.#ask(id),
      () => {},
    );
    return promise;
  }

  /** The end of a job that `add` is about to add under this id; no longer waited for when `add` finds that another stands for it, or rejects. */
  async ofAdded<Added extends { readonly id: string }>(id: string, name: string, add: () => Promise<Added>): Promise<unknown> {
    await this.#events.start();
    const waiting = this.#expect(id, name, false);
    // It may end before we wait.
    waiting.promise.catch(() => {});
    try {
      const added = await add();
      if (added.id !== id) {
        this.#waiting.delete(id);
        return this.of(added.id, name);
      }
      waiting.added = true;
    } catch (error) {
      this.#waiting.delete(id);
      throw error;
    }
    return waiting.promise;
  }

  /** Who waits for an end that Redis knows is told of it, though its event has not come; all others get `QueueClosedError`. */
  async close(): Promise<void> {
    this.#closed = true;
    internals.timers.clearInterval(this.#timer);
    await within(CLOSE_TIMEOUT, this.#askLast());
    const error = closedError();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #expect(id: string, name: string, added: boolean): Waiting {
    if (this.#closed) throw closedError();
    const known = this.#waiting.get(id);
    if (known !== undefined) return known;
    let settle!: Pick<Waiting, 'resolve' | 'reject'>;
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const waiting = { name, promise, ...settle, added };
    this.#waiting.set(id, waiting);
    this.#timer ??= internals.timers.setInterval(() => this.#askAll(), ASK_EVERY).unref();
    return waiting;
  }

  #hear(event: RemoteEvent, { jobId, returnvalue }: RemoteFields): void {
    const waiting = this.#waiting.get(jobId);
    if (waiting === undefined) return;
    if (event === 'completed') this.#complete(jobId, waiting, returnvalue as JobReturn);
    else if (event === 'failed' || event === 'removed') void this.#ask(jobId);
  }

  #complete(id: string, { name, resolve, reject }: Waiting, returned: JobReturn): void {
    this.#waiting.delete(id);
    try {
      resolve(outputOf(returned, this.#codecOf(name)));
    } catch (error) {
      reject(error);
    }
  }

  #askAll(): void {
    let asked = 0;
    for (const [id, waiting] of [...this.#waiting]) {
      if (!waiting.added || asked++ >= ASK_MOST) continue;
      // To the end of the line.
      this.#waiting.delete(id);
      this.#waiting.set(id, waiting);
      void this.#ask(id);
    }
  }

  /** All of them once, some at a time; until they have been told otherwise. */
  async #askLast(): Promise<void> {
    const ids = [...this.#waiting].filter(([, { added }]) => added).map(([id]) => id);
    for (let from = 0; from < ids.length && this.#waiting.size > 0; from += ASK_MOST) {
      await Promise.all(ids.slice(from, from + ASK_MOST).map((id) => this.#ask(id)));
    }
  }

  async #ask(id: string): Promise<void> {
    // While Redis is away nobody knows; it is asked again.
    const facts = await this.#reader.facts(id).catch(() => 'unknown' as const);
    const waiting = this.#waiting.get(id);
    if (facts === 'unknown' || waiting === undefined) return;
    if (facts?.state === 'waiting' || facts?.state === 'delayed' || facts?.state === 'active') return;
    this.#waiting.delete(id);
    if (facts?.state === 'completed') waiting.resolve(facts.output);
    else waiting.reject(facts === undefined ? goneError(id, waiting.name) : facts.error);
  }
}

function closedError(): QueueClosedError {
  return new QueueClosedError('the queue was closed before the job ended; the job goes on where others run it');
}

function goneError(jobId: string, jobName: string): NotFoundError {
  return new NotFoundError(`how ${jobName} ended is not kept any more: raise keepCompleted, or ask sooner`, { jobId, jobName });
}

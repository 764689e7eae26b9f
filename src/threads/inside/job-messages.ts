import type { MessagePort } from 'node:worker_threads';
import { NotCloneableError } from '../../errors/errors.js';
import { pack } from '../../job/payload.js';
import { droppedLines, droppedText, LOG_BUDGET } from '../wire/log-budget.js';
import type { LogLevel } from '../wire/log-levels.js';
import type { FromThread, Position, Said } from '../wire/protocol.js';
import { CELL } from '../wire/shared-memory.js';
import { fromBytes, toBytes } from '../wire/value-bytes.js';
import { Budget } from './budget.js';
import { lineOf, textsOf } from './log-line.js';
import { Newest } from './newest.js';
import type { Owner } from './owner.js';

// Taken now: handlers may change the globals.
const { add, exchange, load, store } = Atomics;

/** Messages that may wait for the queue; beyond that log lines are dropped, and of progress the newest is kept. */
const MAX_UNREAD = 4_096;
/** Progress of one job that is sent value by value; beyond that the newest is kept. */
const PROGRESS_BUDGET = { count: 100, bytes: 1024 * 1024 };
/** Largest progress value, in bytes: it is for people, and the main thread reads it while the job runs. */
const MAX_PROGRESS = 1024 * 1024;

/** How a handler is heard. */
export interface JobMessages {
  progress(value: unknown): void;
  checkpoint(state: unknown): void;
  log(level: LogLevel, args: unknown[]): void;
  /** The job has ended; `failed`: it has not completed. */
  end(failed: boolean): void;
}

/**
 * The way of what a thread's handlers say. It is bounded by construction, whatever a handler does: messages wait in a
 * port that nobody listens to, at most {@link MAX_UNREAD}, until the queue reads them; newest values lie in mailboxes.
 */
export class Messenger {
  readonly #port: MessagePort;
  readonly #messages: MessagePort;
  readonly #cells: Int32Array;
  readonly progress: Newest;
  readonly checkpoint: Newest;
  #said = 0;
  /** Of what is printed where no job runs. */
  readonly #printed = new Budget(LOG_BUDGET);
  #notPrinted = 0;

  /** `port`: where the queue listens; `messages`: where handlers' messages wait. */
  constructor(port: MessagePort, messages: MessagePort, cells: Int32Array) {
    this.#port = port;
    this.#messages = messages;
    this.#cells = cells;
    this.progress = new Newest('progress', port);
    this.checkpoint = new Newest('checkpoint', port);
  }

  of(position: Position): BoundedMessages {
    return new BoundedMessages(this, this.#cells, position);
  }

  /** Whether another message may wait. */
  get hasRoom(): boolean {
    return ((this.#said - load(this.#cells, CELL.HEARD)) | 0) < MAX_UNREAD;
  }

  /** Throws what `postMessage` throws; then nothing was sent. */
  send(message: Said): void {
    this.#messages.postMessage(message);
    // After it: what is counted is there.
    this.#said = (this.#said + 1) | 0;
    store(this.#cells, CELL.SAID, this.#said);
    this.tellNews();
  }

  /** A line that no running job has printed: a module while it loads, `setup`, `teardown`, or what a job has left behind. */
  print(level: LogLevel, text: string, owner: Owner | undefined): void {
    const { id: jobId, name: jobName } = owner ?? {};
    const line = (given: string) => this.send({ type: 'print', jobId, jobName, level, text: given });
    if (this.#printed.renew() && this.#notPrinted > 0) {
      line(droppedText(this.#notPrinted));
      this.#notPrinted = 0;
    }
    const [cut] = textsOf([text]) as [string];
    if (!this.hasRoom || !this.#printed.allows(cut.length)) return void this.#notPrinted++;
    line(cut);
  }

  /** Lets the queue know that there is something to read, unless it knows. */
  tellNews(): void {
    if (exchange(this.#cells, CELL.NEWS, 1) === 0) this.#port.postMessage({ type: 'news' } satisfies FromThread);
  }
}

/** What one job says. */
class BoundedMessages implements JobMessages {
  readonly #messenger: Messenger;
  readonly #cells: Int32Array;
  readonly #position: Position;
  readonly #ordered = new Budget(PROGRESS_BUDGET);
  readonly #lines = new Budget(LOG_BUDGET);
  /** The newest progress, where it may not have been read; the newest checkpoint. */
  #progress: Uint8Array | undefined;
  #checkpoint: Uint8Array | undefined;

  constructor(messenger: Messenger, cells: Int32Array, position: Position) {
    this.#messenger = messenger;
    this.#cells = cells;
    this.#position = position;
  }

  progress(given: unknown): void {
    if (this.#isMuted) return;
    const { value, bytes } = pack(given, 'progress');
    if (bytes > MAX_PROGRESS) {
      throw new NotCloneableError(
        `progress takes about ${bytes} bytes, and may take ${MAX_PROGRESS}: return large values, or checkpoint them`,
      );
    }
    this.#ordered.renew();
    if (this.#messenger.hasRoom && this.#ordered.allows(bytes)) return this.#sendProgress(value);
    this.#keepProgress(value);
  }

  checkpoint(state: unknown): void {
    if (this.#isMuted) return;
    const { value } = pack(state, 'checkpoint');
    try {
      this.#checkpoint = toBytes(value);
    } catch (error) {
      throw new NotCloneableError(`checkpoint cannot be kept: ${(error as Error).message}`, { cause: error });
    }
    this.#messenger.checkpoint.write(this.#position, this.#checkpoint);
  }

  log(level: LogLevel, args: unknown[]): void {
    if (this.#isMuted) return;
    if (this.#lines.renew()) this.#tellDropped();
    if (this.#lines.isSpent || !this.#messenger.hasRoom) return this.#drop();
    const line = lineOf(args);
    if (!this.#lines.allows(line.bytes)) return this.#drop();
    const { position, type } = { position: this.#position, type: 'log' as const };
    try {
      this.#messenger.send({ type, position, level, args: line.args });
    } catch {
      this.#messenger.send({ type, position, level, args: textsOf(args) });
    }
  }

  /** The job has ended: what nobody could read yet goes before its result, at most three messages. */
  end(failed: boolean): void {
    const position = this.#position;
    const { progress, checkpoint } = this.#messenger;
    if (this.#progress !== undefined && !progress.isRead) this.#sendProgress(fromBytes(this.#progress));
    else progress.clear();
    if (failed && this.#checkpoint !== undefined) {
      this.#messenger.send({ type: 'checkpoint', position, value: fromBytes(this.#checkpoint) });
    }
    checkpoint.clear();
    this.#tellDropped();
  }

  get #isMuted(): boolean {
    return load(this.#cells, CELL.MUTED) === this.#position + 1;
  }

  #sendProgress(value: unknown): void {
    // First: else the older one, which lies there, would be read after this one.
    if (this.#progress !== undefined) this.#messenger.progress.clear();
    this.#progress = undefined;
    this.#messenger.send({ type: 'progress', position: this.#position, value });
  }

  #keepProgress(value: unknown): void {
    try {
      this.#progress = toBytes(value);
    } catch {
      // Only a message can carry it, and there is no room for more of them: the next value tells more.
      return;
    }
    this.#messenger.progress.write(this.#position, this.#progress);
    this.#messenger.tellNews();
  }

  #drop(): void {
    add(this.#cells, CELL.DROPPED, 1);
  }

  #tellDropped(): void {
    const count = exchange(this.#cells, CELL.DROPPED, 0);
    if (count > 0) this.#messenger.send(droppedLines(this.#position, count));
  }
}

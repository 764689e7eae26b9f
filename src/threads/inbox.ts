import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { isHandlerMessage } from './wire/from-thread.js';
import { droppedLines } from './wire/log-budget.js';
import { Mailbox } from './wire/mailbox.js';
import type { Position, Said } from './wire/protocol.js';
import { CELL } from './wire/shared-memory.js';
import { fromBytes } from './wire/value-bytes.js';

const { exchange, load, store } = Atomics;

/**
 * What the handlers of one thread say, read when the queue wants to: their messages, which wait in a port that nobody
 * listens to, and the newest progress and checkpoint, which lie in shared memory and need no thread to be read.
 */
export class Inbox {
  readonly #port: MessagePort;
  readonly #cells: Int32Array;
  readonly #receive: (message: Said) => void;
  readonly #mailboxes: { progress?: Mailbox | undefined; checkpoint?: Mailbox | undefined } = {};
  #closed = false;

  /** `receive` is given one message after the other. */
  constructor(port: MessagePort, cells: Int32Array, receive: (message: Said) => void) {
    this.#port = port;
    this.#cells = cells;
    this.#receive = receive;
  }

  /** The newest value of a kind lies there from now on. */
  use(kind: 'progress' | 'checkpoint', memory: SharedArrayBuffer | undefined): void {
    this.#mailboxes[kind] = memory && new Mailbox(memory);
  }

  /** From now on the thread tells again when there is something new. */
  begin(): void {
    store(this.#cells, CELL.NEWS, 0);
  }

  /** How many messages wait. */
  get size(): number {
    return this.#closed ? 0 : (load(this.#cells, CELL.SAID) - load(this.#cells, CELL.HEARD)) | 0;
  }

  /** Reads some messages, at most `most`; never those that come meanwhile. */
  read(most: number): void {
    for (let left = Math.min(most, this.size); left > 0; left--) {
      const message = this.#next();
      Atomics.add(this.#cells, CELL.HEARD, 1);
      if (message !== undefined) this.#receive(message);
    }
  }

  /** Reads the newest progress, if it was not read. */
  readProgress(): void {
    this.#readMailbox('progress');
  }

  /** Reads the newest checkpoint, if it was not read. */
  readCheckpoint(): void {
    this.#readMailbox('checkpoint');
  }

  /** Reads all that handlers of this thread have said: it is about to be terminated, or dead. `running` shall be the position of the running job. */
  readLast(running: Position | undefined): void {
    this.read(Number.POSITIVE_INFINITY);
    this.#readMailbox('progress');
    this.#readMailbox('checkpoint');
    const dropped = exchange(this.#cells, CELL.DROPPED, 0);
    if (dropped > 0 && running !== undefined) this.#receive(droppedLines(running, dropped));
  }

  close(): void {
    this.#closed = true;
    this.#port.close();
  }

  #next(): Said | undefined {
    try {
      const message: unknown = receiveMessageOnPort(this.#port)?.message;
      return isHandlerMessage(message) ? message : undefined;
    } catch {
      // It cannot be deserialized: nobody is the worse for a message less.
      return undefined;
    }
  }

  #readMailbox(type: 'progress' | 'checkpoint'): void {
    const newest = this.#mailboxes[type]?.read();
    if (newest === undefined) return;
    let value: unknown;
    try {
      value = fromBytes(newest.bytes);
    } catch {
      return;
    }
    this.#receive({ type, position: newest.position, value });
  }
}

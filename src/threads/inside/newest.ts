import type { MessagePort } from 'node:worker_threads';
import { Mailbox } from '../wire/mailbox.js';
import type { FromThread, Position } from '../wire/protocol.js';

/** The smallest mailbox, and the largest that is kept when its job has ended, in bytes. */
const SMALLEST = 1024;
const MAX_KEPT = 1024 * 1024;

/** The thread's side of a mailbox, which is made when it is needed, and made anew when a value does not fit. */
export class Newest {
  readonly #of: 'progress' | 'checkpoint';
  readonly #port: MessagePort;
  #mailbox: Mailbox | undefined;
  #isEmpty = true;

  /** `port`: where the queue listens. */
  constructor(of: 'progress' | 'checkpoint', port: MessagePort) {
    this.#of = of;
    this.#port = port;
  }

  get isRead(): boolean {
    return this.#mailbox?.isRead ?? true;
  }

  write(position: Position, bytes: Uint8Array): void {
    this.#isEmpty = false;
    if (this.#mailbox !== undefined && bytes.length <= this.#mailbox.capacity) return this.#mailbox.write(position, bytes);
    const mailbox = Mailbox.for(2 ** Math.ceil(Math.log2(Math.max(bytes.length, SMALLEST))));
    mailbox.write(position, bytes);
    this.#use(mailbox);
  }

  clear(): void {
    if (this.#isEmpty) return;
    this.#isEmpty = true;
    if ((this.#mailbox as Mailbox).capacity > MAX_KEPT) this.#use(undefined);
    else this.#mailbox?.clear();
  }

  #use(mailbox: Mailbox | undefined): void {
    this.#mailbox = mailbox;
    this.#port.postMessage({ type: 'mailbox', of: this.#of, memory: mailbox?.memory } satisfies FromThread);
  }
}

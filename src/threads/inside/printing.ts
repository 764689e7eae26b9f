import type { Writable } from 'node:stream';
import { nextTick } from '../../time/timers.js';
import { isListened, type Listened, type LogLevel } from '../wire/log-levels.js';
import type { OpenMessage } from '../wire/protocol.js';
import { HandlerContext } from './handler-context.js';
import type { Messenger } from './job-messages.js';
import type { Owner } from './owner.js';
import { boundOutput } from './standard-output.js';

/** The methods of `console` that have a level; what else it has prints by one of these, or to a stream. */
const METHODS = [
  ['trace', 'trace'],
  ['debug', 'debug'],
  ['log', 'info'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
] as const;

/** Makes log lines of what is printed, each of the job whose code prints it. */
export class Printer {
  readonly #listened: Listened;
  readonly #messenger: Messenger;
  readonly #owner: () => Owner | undefined;
  /** Of the method of `console` that prints now. */
  #level: LogLevel | undefined;

  /** `owner`: whose code runs now. */
  constructor(listened: Listened, messenger: Messenger, owner: () => Owner | undefined) {
    this.#listened = listened;
    this.#messenger = messenger;
    this.#owner = owner;
  }

  /** Takes over both streams, and `console` for its levels: a line that nobody takes is not even formatted. */
  takeOver(): void {
    takeWrites(process.stdout, (chunk) => this.#line(this.#level ?? 'info', chunk));
    takeWrites(process.stderr, (chunk) => this.#line(this.#level ?? 'error', chunk));
    for (const [method, level] of METHODS) {
      const print = console[method];
      console[method] = (...args: unknown[]) => this.#print(level, print, args);
    }
  }

  /** One method may print by another: the first has the say. */
  #print(level: LogLevel, print: (...args: unknown[]) => void, args: unknown[]): void {
    if (this.#level !== undefined) return print(...args);
    if (!isListened(this.#listened, level)) return;
    this.#level = level;
    try {
      print(...args);
    } finally {
      this.#level = undefined;
    }
  }

  #line(level: LogLevel, chunk: string | Uint8Array): void {
    if (!isListened(this.#listened, level)) return;
    const text = (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()).replace(/\n$/, '');
    if (text === '') return;
    const owner = this.#owner();
    if (owner instanceof HandlerContext && !owner.ended) owner.log[level](text);
    else this.#messenger.print(level, text, owner);
  }
}

/** A write is a line, also where it has no end of line: what is held back would be lost when the thread is killed. */
function takeWrites(stream: Writable, take: (chunk: string | Uint8Array) => void): void {
  stream.write = ((chunk: string | Uint8Array, encoding: unknown, callback: unknown) => {
    const written = typeof encoding === 'function' ? encoding : callback;
    take(chunk);
    if (typeof written === 'function') nextTick(written as () => void);
    return true;
  }) as Writable['write'];
}

/** Decides what becomes of what is printed in this thread from now on. */
export function takeOutput(printing: OpenMessage['printing'], printer: Printer): void {
  if (printing === 'log') return printer.takeOver();
  for (const stream of [process.stdout, process.stderr]) {
    if (printing === 'inherit') boundOutput(stream);
    else takeWrites(stream, () => {});
  }
  if (printing === 'ignore') for (const [method] of METHODS) console[method] = () => {};
}

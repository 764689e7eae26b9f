import { QueueClosedError, QueueFullError } from '../errors/errors.js';
import type { JobKind } from '../job/kind.js';
import type { Register } from '../job/register.js';
import { Signals } from './signals.js';

/** What takes jobs at once, so that they do not wait. */
export interface Takers {
  /** How many threads would take a job now. */
  readonly free: number;
  /** How many jobs they may take. */
  readonly takeable: number;
  /** Milliseconds until a job of a definition that is added now would be started. */
  waitOf(kind: JobKind): number;
}

interface Waiter {
  readonly held: boolean;
  readonly bytes: number;
  readonly count: number;
  readonly signal: AbortSignal | undefined;
  /** Settled before there was room. */
  settled: boolean;
  enter(): void;
  reject(error: QueueClosedError): void;
}

/** Taken entries at the front of the array that are worth a copy. */
const COMPACT_AT = 1_024;

/**
 * Holds the number of waiting jobs at `maxWaiting`, and what they take at `maxWaitingBytes`: beyond it, adding waits in order of arrival, or is refused. Those that free
 * threads take at once do not count.
 */
export class Admission {
  readonly #max: number;
  readonly #maxBytes: number;
  readonly #whenFull: 'wait' | 'reject';
  readonly #register: Register;
  readonly #signals = new Signals<Waiter>((waiter) => this.#leave(waiter));
  #waiters: Waiter[] = [];
  #first = 0;
  #takers!: Takers;

  constructor(max: number, whenFull: 'wait' | 'reject', register: Register, maxBytes = Number.POSITIVE_INFINITY) {
    this.#max = max;
    this.#maxBytes = maxBytes;
    this.#whenFull = whenFull;
    this.#register = register;
  }

  /** Who takes the jobs is made later. */
  takenBy(takers: Takers): void {
    this.#takers = takers;
  }

  /** Whether `count` more may be added at once; `held`: no thread may take them yet. More than ever fit may be added where there is room for one: nothing else may ever leave. */
  hasRoom(count: number, held: boolean, bytes: number): boolean {
    return this.#first === this.#waiters.length && this.#fits(count, held, bytes);
  }

  /**
   * Calls `accept` when there is room for `count` jobs, and also when `signal` is aborted first: then it throws. Rejects
   * with what it throws, with {@link QueueFullError} where the queue does not wait, and with {@link QueueClosedError}
   * when it closes first.
   */
  enter<Accepted>(
    kind: JobKind,
    count: number,
    held: boolean,
    bytes: number,
    accept: () => Accepted,
    signal?: AbortSignal,
  ): Promise<Accepted> {
    if (this.#whenFull === 'reject') return Promise.reject(this.#full(kind, count, bytes));
    return new Promise((resolve, reject) => {
      // The jobs must count as waiting before the next in line is asked: so nothing asynchronous in between.
      const enter = () => {
        try {
          resolve(accept());
        } catch (error) {
          reject(error);
        }
      };
      const waiter = { count, held, bytes, signal, settled: false, enter, reject };
      this.#waiters.push(waiter);
      if (signal !== undefined) this.#signals.watch(waiter, signal);
    });
  }

  /** Some room was made: lets in who waits, as far as it goes. */
  roomMade(): void {
    if (this.#waiters.length === 0) return;
    while (this.#first < this.#waiters.length) {
      const waiter = this.#waiters[this.#first] as Waiter;
      if (!waiter.settled && !this.#fits(waiter.count, waiter.held, waiter.bytes)) return;
      this.#first++;
      if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#waiters.length) {
        this.#waiters = this.#waiters.slice(this.#first);
        this.#first = 0;
      }
      if (waiter.settled) continue;
      if (waiter.signal !== undefined) this.#signals.forget(waiter, waiter.signal);
      waiter.enter();
    }
    this.#waiters = [];
    this.#first = 0;
  }

  close(): void {
    const waiters = this.#waiters.slice(this.#first);
    this.#waiters = [];
    this.#first = 0;
    for (const waiter of waiters) {
      if (waiter.signal !== undefined) this.#signals.forget(waiter, waiter.signal);
      waiter.reject(new QueueClosedError('the queue was closed before there was room for the job'));
    }
  }

  /** Its signal was aborted: it no longer stands in line. */
  #leave(waiter: Waiter): void {
    waiter.settled = true;
    waiter.enter();
    this.roomMade();
  }

  #fits(count: number, held: boolean, bytes: number): boolean {
    const room = this.#max - this.#register.waiting;
    const bytesFit = bytes <= this.#maxBytes - this.#register.waitingBytes;
    if (count <= room && bytesFit) return true;
    const { free, takeable } = this.#takers;
    const taken = Math.min(free, takeable + (held ? 0 : count));
    if (count <= taken - takeable) return true;
    if (this.#whenFull === 'reject') return count <= room + taken && bytesFit;
    const alone = bytes > this.#maxBytes && this.#register.waitingBytes === 0;
    return (count <= room + taken || (count > this.#max && room + taken > 0)) && (bytesFit || alone);
  }

  #full(kind: JobKind, count: number, bytes: number): QueueFullError {
    const { waiting, waitingBytes } = this.#register;
    if (bytes > this.#maxBytes - waitingBytes) {
      return new QueueFullError(
        `what waits takes about ${waitingBytes} bytes, and ${bytes} more would be over maxWaitingBytes (${this.#maxBytes}). Add later, raise maxWaitingBytes, or use whenFull: "wait".`,
        this.#takers.waitOf(kind),
        { jobName: kind.definition.name },
      );
    }
    return new QueueFullError(
      `${waiting} jobs wait, and ${count} more would be over maxWaiting (${this.#max}). Add later, raise maxWaiting, or use whenFull: "wait".`,
      this.#takers.waitOf(kind),
      { jobName: kind.definition.name },
    );
  }
}

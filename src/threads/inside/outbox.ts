import type { MessagePort } from 'node:worker_threads';
import { clearImmediate, setImmediate } from '../../time/timers.js';
import { packed } from '../wire/columns.js';
import { compactResults } from '../wire/compact.js';
import { EarlyResults } from '../wire/early-results.js';
import { encodeThrown } from '../wire/error-codec.js';
import { type Position, RESULT, type ResultsMessage } from '../wire/protocol.js';
import { CELL, PHASE, type SharedMemory, WITHDRAWN } from '../wire/shared-memory.js';
import { notReturned } from './output.js';
import type { Status } from './status.js';

// Taken now: handlers may change the globals.
const { load } = Atomics;

/** Results that are older than this leave before their batch has ended, in milliseconds. */
const EARLY_RESULTS = 1;

/**
 * Results of a thread that have not been sent: those of jobs at consecutive positions, which leave in one message. A
 * thread that computes cannot send: so each lies in shared memory too while another job runs, or leaves before it starts.
 */
export class Outbox {
  readonly #port: MessagePort;
  readonly #shared: SharedMemory;
  readonly #status: Status;
  readonly #early: EarlyResults;
  /** Position of the first of them, and position after the last job of the batch. */
  #first: Position = 0;
  #end: Position = 0;
  #values: unknown[] = [];
  #results: number[] | undefined;
  /** Buffers that are moved instead of copied. */
  #moving = new Set<ArrayBuffer>();
  /** One of them lies nowhere else. */
  #atRisk = false;
  /** The running job had to wait, so when it ends others of the thread may go on before its batch does. */
  #waited = false;
  #sentAt = 0;
  #soon: NodeJS.Immediate | undefined;

  constructor(port: MessagePort, shared: SharedMemory, status: Status) {
    this.#port = port;
    this.#shared = shared;
    this.#status = status;
    this.#early = new EarlyResults(shared);
  }

  /** A batch begins, of jobs from a position up to before another. */
  begin(first: Position, end: Position): void {
    this.#end = end;
    this.#early.left(first);
    this.#sentAt = this.#status.tick();
  }

  /** The job at a position may start. */
  beforeStart(position: Position): void {
    if (this.#atRisk) this.send();
    this.#early.clear(position);
    this.#waited = false;
  }

  /** While the running job waits, the results of those before it need not. */
  whileWaiting(): void {
    this.#waited = true;
    if (this.#values.length > 0) this.#soon ??= setImmediate(() => this.send());
  }

  /**
   * `value`: the job's output, of about so many bytes, or an `Encoded` error. Whether it has to be sent now. The thread
   * says that it is between two jobs after this: then the queue may see where the result lies.
   */
  add(position: Position, result: number, value: unknown, bytes: number): boolean {
    if (this.#values.length > 0 && position !== this.#first + this.#values.length) this.#skipTo(position);
    const at = this.#values.length;
    if (at === 0) this.#first = position;
    // Not `push`: a handler may have changed it, and no result must get lost.
    this.#values[at] = value;
    if (result !== RESULT.COMPLETED) this.#results ??= allCompleted(at);
    if (this.#results !== undefined) this.#results[at] = result;
    // The last one leaves with the word that its batch is over, at once.
    const isLast = position + 1 === this.#end;
    if (isLast && !this.#waited) return false;
    if (!isLast && this.#status.now - this.#sentAt > EARLY_RESULTS && !this.#isWithdrawn) return true;
    if (this.#isSafe(position, result, value, bytes)) return false;
    this.#atRisk = true;
    return isLast;
  }

  /** The jobs behind were taken back: this is the last one of its batch. */
  get #isWithdrawn(): boolean {
    return load(this.#shared.cells, CELL.CLAIMED) >= WITHDRAWN;
  }

  #isSafe(position: Position, result: number, value: unknown, bytes: number): boolean {
    return result === RESULT.COMPLETED && this.#moving.size === 0 && this.#early.put(position, value, bytes);
  }

  /** A result got lost before it came here, and leaves a gap. */
  #skipTo(position: Position): void {
    this.send();
    this.#early.left(position);
  }

  /** These buffers of a result leave the thread. */
  move(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) this.#moving.add(buffer);
  }

  /** Sends what there is. */
  send(): void {
    if (this.#values.length > 0) this.#send(false);
  }

  /** Sends what there is, and that the batch is over. */
  end(): void {
    this.#send(true);
  }

  #send(last: boolean): void {
    if (this.#soon !== undefined) clearImmediate(this.#soon);
    this.#soon = undefined;
    // Else an asynchronous job goes on meanwhile.
    const between = !this.#status.isRunning;
    if (between) this.#status.enter(PHASE.SENDING);
    const next = this.#first + this.#values.length;
    this.#post(last);
    // After the last one the queue may begin anew, at once.
    if (!last) this.#early.left(next);
    this.#atRisk = false;
    if (between) this.#status.leave();
    this.#sentAt = this.#status.tick();
  }

  /** One that cannot be cloned fails its own job. */
  #post(last: boolean): void {
    const values = this.#values;
    const results = this.#results;
    const moving = this.#moving;
    const first = this.#first;
    this.#values = [];
    this.#results = undefined;
    if (moving.size > 0) this.#moving = new Set();
    try {
      // Not spread from an object: that costs a lone job more than all else here.
      const compact = compactResults({ type: 'results', first, values: packed(values), results, last });
      this.#port.postMessage(compact, moving.size > 0 ? [...moving] : undefined);
    } catch {
      this.#port.postMessage({ type: 'results', first, last, ...withoutUncloneable(values, results) } satisfies ResultsMessage);
    }
  }
}

function allCompleted(count: number): number[] {
  const results: number[] = [];
  for (let at = 0; at < count; at++) results[at] = RESULT.COMPLETED;
  return results;
}

/** The others of the message are innocent. */
function withoutUncloneable(values: unknown[], results: number[] | undefined): Pick<ResultsMessage, 'values' | 'results'> {
  const marks = results ?? allCompleted(values.length);
  for (let at = 0; at < values.length; at++) {
    try {
      structuredClone(values[at]);
    } catch (error) {
      marks[at] = RESULT.FAILED;
      values[at] = encodeThrown(notReturned(error));
    }
  }
  return { values, results: marks };
}

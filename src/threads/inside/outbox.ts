import type { MessagePort } from 'node:worker_threads';
import { encodeThrown } from '../wire/error-codec.js';
import { type Position, RESULT, type ResultsMessage } from '../wire/protocol.js';
import { notReturned } from './output.js';

/** Results of a thread that have not been sent: those of jobs at consecutive positions, which leave in one message. */
export class Outbox {
  readonly #port: MessagePort;
  /** Position of the first of them. */
  #first: Position = 0;
  #values: unknown[] = [];
  #results: number[] | undefined;
  /** Buffers that are moved instead of copied. */
  #moving = new Set<ArrayBuffer>();

  constructor(port: MessagePort) {
    this.#port = port;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Whether the result of the job at a position can join: one whose result got lost before it leaves a gap. */
  joins(position: Position): boolean {
    return this.#values.length === 0 || position === this.#first + this.#values.length;
  }

  /** `value`: the job's output, or an `Encoded` error. */
  add(position: Position, result: number, value: unknown): void {
    const at = this.#values.length;
    if (at === 0) this.#first = position;
    // Not `push`: a handler may have changed it, and no result must get lost.
    this.#values[at] = value;
    if (result !== RESULT.COMPLETED) this.#results ??= allCompleted(at);
    if (this.#results !== undefined) this.#results[at] = result;
  }

  /** Whether buffers leave the thread with the results. */
  get moves(): boolean {
    return this.#moving.size > 0;
  }

  /** These buffers of a result leave the thread. */
  move(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) this.#moving.add(buffer);
  }

  /** Sends all; `last`: their batch is over. One that cannot be cloned fails its own job. Gives the position after the last of them. */
  send(last: boolean): Position | undefined {
    const message: ResultsMessage = { type: 'results', first: this.#first, values: this.#values, results: this.#results, last };
    const moving = this.#moving;
    this.#values = [];
    this.#results = undefined;
    if (moving.size > 0) this.#moving = new Set();
    try {
      this.#port.postMessage(message, moving.size > 0 ? [...moving] : undefined);
    } catch {
      this.#port.postMessage({ ...message, ...withoutUncloneable(message) });
    }
    return message.values.length > 0 ? message.first + message.values.length : undefined;
  }
}

function allCompleted(count: number): number[] {
  const results: number[] = [];
  for (let at = 0; at < count; at++) results[at] = RESULT.COMPLETED;
  return results;
}

/** The others of the message are innocent. */
function withoutUncloneable({ values, results }: ResultsMessage): Pick<ResultsMessage, 'values' | 'results'> {
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

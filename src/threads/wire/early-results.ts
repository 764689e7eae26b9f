import { plainJson } from './plain-json.js';
import type { Position, ResultsMessage } from './protocol.js';
import { CELL, type SharedMemory } from './shared-memory.js';
import { fromBytes, toBytes } from './value-bytes.js';

const { load, store } = Atomics;

/** What lies at a place: nothing, a number, one of {@link CONSTANTS}, or where the JSON or the bytes of any other value are. */
const KIND = { NONE: 0, NUMBER: 1, CONSTANT: 2, JSON: 3, BYTES: 4 } as const;
const CONSTANTS: readonly unknown[] = [undefined, null, false, true];
/** An offset and a length in one number. */
const LENGTHS = 2 ** 20;

/**
 * Results of jobs that have ended, and whose message has not left because the next job of the batch runs. A thread
 * that computes cannot send, and nobody knows before which job will compute for long: so a result lies here too until
 * its message leaves, and the queue can take it at any time, also from a thread that it is about to terminate.
 */
export class EarlyResults {
  readonly #shared: SharedMemory;
  readonly #bytes: Buffer;
  /** Bytes in use. */
  #used = 0;

  constructor(shared: SharedMemory) {
    this.#shared = shared;
    const { buffer, byteOffset, byteLength } = shared.early.bytes;
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
  }

  // --- The thread writes

  /** Called before the job at this position is claimed: what an earlier one left at its place is not its result. */
  clear(position: Position): void {
    this.#shared.early.kinds[position & this.#shared.mask] = KIND.NONE;
  }

  /** Whether the result of a job that has completed, of about so many bytes, could be put here; else it must leave before another job starts. */
  put(position: Position, value: unknown, bytes: number): boolean {
    if (bytes > this.#bytes.length - this.#used) return false;
    if (typeof value === 'number') return this.#put(position, KIND.NUMBER, value);
    const constant = constantOf(value);
    if (constant !== undefined) return this.#put(position, KIND.CONSTANT, constant);
    const json = plainJson(value);
    return json === undefined ? this.#putBytes(position, value) : this.#putJson(position, json);
  }

  /** All results before this position have left. */
  left(position: Position): void {
    store(this.#shared.cells, CELL.UNSENT, position);
    this.#used = 0;
  }

  #putJson(position: Position, json: string): boolean {
    // A character takes three bytes at most.
    if (3 * json.length > this.#bytes.length - this.#used) return false;
    return this.#putSome(position, KIND.JSON, this.#bytes.write(json, this.#used));
  }

  #putBytes(position: Position, value: unknown): boolean {
    let own: Uint8Array;
    try {
      own = toBytes(value);
    } catch {
      return false;
    }
    if (own.length > this.#bytes.length - this.#used) return false;
    this.#bytes.set(own, this.#used);
    return this.#putSome(position, KIND.BYTES, own.length);
  }

  /** The next bytes are used. */
  #putSome(position: Position, kind: number, length: number): true {
    const where = this.#used * LENGTHS + length;
    this.#used += length;
    return this.#put(position, kind, where);
  }

  #put(position: Position, kind: number, value: number): true {
    const { mask, early } = this.#shared;
    early.values[position & mask] = value;
    // Last: whoever sees the kind sees the value.
    store(early.kinds, position & mask, kind);
    return true;
  }

  // --- The queue reads

  /** The results that have not left, of jobs before a position; `undefined` when there are none. */
  before(end: Position): ResultsMessage | undefined {
    const { cells } = this.#shared;
    const first = load(cells, CELL.UNSENT);
    const values: unknown[] = [];
    try {
      for (let position = first; position < end; position++) {
        const { kind, value } = this.#at(position);
        if (kind === KIND.NONE) break;
        values.push(value);
      }
    } catch {
      // Bytes that nobody could have written in peace: what was read up to here may be trusted no more than they.
      return undefined;
    }
    // Else they are on their way, and their place may have been used again while it was read.
    if (values.length === 0 || load(cells, CELL.UNSENT) !== first) return undefined;
    return { type: 'results', first, values, results: undefined, last: false };
  }

  #at(position: Position): { kind: number; value: unknown } {
    const { mask, early } = this.#shared;
    const kind = load(early.kinds, position & mask);
    const value = early.values[position & mask] as number;
    if (kind === KIND.CONSTANT) return { kind, value: CONSTANTS[value] };
    if (kind !== KIND.JSON && kind !== KIND.BYTES) return { kind, value };
    const offset = Math.floor(value / LENGTHS);
    const bytes = Buffer.from(this.#bytes.subarray(offset, offset + (value % LENGTHS)));
    return { kind, value: kind === KIND.JSON ? JSON.parse(bytes.toString()) : fromBytes(bytes) };
  }
}

/** The place of a value in {@link CONSTANTS}. */
function constantOf(value: unknown): number | undefined {
  if (value === undefined) return 0;
  if (value === null) return 1;
  if (typeof value === 'boolean') return value ? 3 : 2;
  return undefined;
}

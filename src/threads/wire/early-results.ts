import { readFlat, writeFlat } from './flat-object.js';
import { plainJson } from './plain-json.js';
import type { Position, ResultsMessage } from './protocol.js';
import { CELL, type SharedMemory } from './shared-memory.js';
import { fromBytes, toBytes } from './value-bytes.js';

const { load, store } = Atomics;

/** What lies at a place: nothing, a number, one of {@link CONSTANTS}, or where any other value is, and as what. */
const KIND = { NONE: 0, NUMBER: 1, CONSTANT: 2, FLAT: 3, JSON: 4, BYTES: 5 } as const;
const CONSTANTS: readonly unknown[] = [undefined, null, false, true];
/** An offset and a length in one number. */
const LENGTHS = 2 ** 20;

/**
 * Results of jobs that have ended, and whose message has not left because the next job of the batch runs. A thread
 * that computes cannot send, and nobody knows before which job will compute for long: so a result lies here too until
 * its message leaves, and the queue can take it at any time, also from a thread that it is about to terminate.
 */
export class EarlyResults {
  readonly #cells: Int32Array;
  readonly #mask: number;
  readonly #kinds: Int32Array;
  readonly #values: Float64Array;
  readonly #bytes: Buffer;
  /** The same. */
  readonly #memory: { readonly view: DataView; readonly bytes: Uint8Array };
  /** Bytes in use. */
  #used = 0;

  constructor(shared: SharedMemory) {
    this.#cells = shared.cells;
    this.#mask = shared.mask;
    this.#kinds = shared.early.kinds;
    this.#values = shared.early.values;
    const { buffer, byteOffset, byteLength } = shared.early.bytes;
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#memory = { view: new DataView(buffer, byteOffset, byteLength), bytes: this.#bytes };
  }

  // --- The thread writes

  /** Called before the job at this position is claimed: what an earlier one left at its place is not its result. */
  clear(position: Position): void {
    this.#kinds[position & this.#mask] = KIND.NONE;
  }

  /** Whether the result of a job that has completed, of about so many bytes, could be put here; else it must leave before another job starts. */
  put(position: Position, value: unknown, bytes: number): boolean {
    if (typeof value === 'number') return this.#put(position, KIND.NUMBER, value);
    const constant = constantOf(value);
    if (constant !== undefined) return this.#put(position, KIND.CONSTANT, constant);
    if (bytes > this.#bytes.length - this.#used) return false;
    const end = writeFlat(value, this.#memory, this.#used);
    if (end >= 0) return this.#putSome(position, KIND.FLAT, end - this.#used);
    const json = plainJson(value);
    return json === undefined ? this.#putBytes(position, value) : this.#putJson(position, json);
  }

  /** All results before this position have left. */
  left(position: Position): void {
    store(this.#cells, CELL.UNSENT, position);
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
    // Neither by an atomic write: the thread makes one before the queue may look here, see `before`.
    this.#values[position & this.#mask] = value;
    this.#kinds[position & this.#mask] = kind;
    return true;
  }

  // --- The queue reads

  /**
   * The results that have not left, of jobs before a position; `undefined` when there are none. The thread must have
   * claimed a later job, or be between two jobs, since it wrote the last of them.
   */
  before(end: Position): ResultsMessage | undefined {
    const first = load(this.#cells, CELL.UNSENT);
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
    if (values.length === 0 || load(this.#cells, CELL.UNSENT) !== first) return undefined;
    return { type: 'results', first, values, results: undefined, last: false };
  }

  #at(position: Position): { kind: number; value: unknown } {
    const kind = this.#kinds[position & this.#mask] as number;
    const value = this.#values[position & this.#mask] as number;
    if (kind === KIND.CONSTANT) return { kind, value: CONSTANTS[value] };
    if (kind < KIND.FLAT || kind > KIND.BYTES) return { kind, value };
    const offset = Math.floor(value / LENGTHS);
    const bytes = Buffer.from(this.#bytes.subarray(offset, offset + (value % LENGTHS)));
    if (kind === KIND.FLAT) return { kind, value: readFlat(bytes) };
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

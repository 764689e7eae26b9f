import type { Position } from './protocol.js';

const { load, store } = Atomics;

/** Int32 cells at its beginning: the version, which version was read last, and of each half the length and whose it is. */
const CELL = { VERSION: 0, READ: 1, LENGTH: 2, POSITION: 4 } as const;
const HEADER = 6 * Int32Array.BYTES_PER_ELEMENT;
/** A thread that writes all the time may write while we read: so often it is tried. */
const TRIES = 100;
const NOBODY = -1;

/**
 * The newest of many values, in shared memory: whoever reads gets it at any time, whatever the thread that writes is
 * doing or has died of. Two halves take turns, so that the newest one is whole while the next is written.
 */
export class Mailbox {
  readonly memory: SharedArrayBuffer;
  /** Longest value, in bytes. */
  readonly capacity: number;
  readonly #cells: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];

  static for(capacity: number): Mailbox {
    return new Mailbox(new SharedArrayBuffer(HEADER + 2 * capacity));
  }

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.capacity = (memory.byteLength - HEADER) / 2;
    this.#cells = new Int32Array(memory, 0, HEADER / Int32Array.BYTES_PER_ELEMENT);
    this.#halves = [new Uint8Array(memory, HEADER, this.capacity), new Uint8Array(memory, HEADER + this.capacity)];
  }

  /** The newest value is this one, of the job at a position. */
  write(position: Position, bytes: Uint8Array): void {
    const version = (load(this.#cells, CELL.VERSION) + 1) | 0;
    const half = version & 1;
    (this.#halves[half] as Uint8Array).set(bytes);
    this.#cells[CELL.LENGTH + half] = bytes.length;
    this.#cells[CELL.POSITION + half] = position;
    store(this.#cells, CELL.VERSION, version);
  }

  /** There is no value. */
  clear(): void {
    this.write(NOBODY, new Uint8Array(0));
  }

  /** Whether the newest value was read. */
  get isRead(): boolean {
    return load(this.#cells, CELL.READ) === load(this.#cells, CELL.VERSION);
  }

  /** A copy of the newest value, unless it was read before. */
  read(): { position: Position; bytes: Uint8Array } | undefined {
    for (let tries = 0; tries < TRIES && !this.isRead; tries++) {
      const version = load(this.#cells, CELL.VERSION);
      const half = version & 1;
      const position = this.#cells[CELL.POSITION + half] as Position;
      const bytes = (this.#halves[half] as Uint8Array).slice(0, this.#cells[CELL.LENGTH + half]);
      // Else the thread may have begun to write here.
      if (load(this.#cells, CELL.VERSION) !== version) continue;
      store(this.#cells, CELL.READ, version);
      return position === NOBODY ? undefined : { position, bytes };
    }
    return undefined;
  }
}

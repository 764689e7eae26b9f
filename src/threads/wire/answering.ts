import { CELL } from './shared-memory.js';

// Taken now: handlers may change the globals.
const { load, store } = Atomics;

/** Whether a thread has begun to answer what the inspector asked it, which it does in JavaScript: it is not in native code, and must not be terminated. */
export class Answering {
  readonly #cells: Int32Array;

  constructor(cells: Int32Array) {
    this.#cells = cells;
  }

  /** The queue asks. */
  asked(): void {
    store(this.#cells, CELL.ANSWERS, 0);
  }

  /** The thread answers. */
  begins(): void {
    store(this.#cells, CELL.ANSWERS, 1);
  }

  get hasBegun(): boolean {
    return load(this.#cells, CELL.ANSWERS) === 1;
  }
}

/** Int32 cells of the memory a thread shares with the queue. */
export const CELL = {
  /**
   * How many of the jobs have been started that were sent since the thread was last at rest. The thread adds 1 to start
   * the next; the queue adds {@link WITHDRAWN} to take back those not started yet. One atomic number, so that both cannot win.
   */
  CLAIMED: 0,
  /** One of {@link PHASE}. */
  PHASE: 1,
  /** 1 + position of the job that was told to stop; 0 for none. */
  STOP: 2,
  /** 1 + position of the job whose thread is about to be terminated: it says nothing more. 0 for none. */
  MUTED: 3,
  /** How many messages of handlers the thread has sent, and the queue has read; both only grow, and wrap. */
  SAID: 4,
  HEARD: 5,
  /** 1 when the queue has been told that there is something to read, and has not begun to. */
  NEWS: 6,
  /** Log lines of the running job that were dropped, and not yet spoken of. */
  DROPPED: 7,
  /** Position of the first job whose result has not left the thread, see `early-results.ts`. */
  UNSENT: 8,
  /** What of the heap was in use after the last batch, in MiB, where that is measured. */
  HEAP: 9,
  /** 1 when the thread has begun to answer what the inspector asked last: see `answering.ts`. */
  ANSWERS: 10,
} as const;

/** Int32 cells, before the 64-bit cells that follow: an even number. */
export const CELLS = 12;

/** Added to {@link CELL.CLAIMED}: no job that was sent before starts any more. */
export const WITHDRAWN = 1 << 30;

/** What a thread is doing since the time in its first 64-bit cell. */
export const PHASE = { IDLE: 0, RUNNING: 1, LOADING: 2, SENDING: 3 } as const;

/** What an attempt took of its thread is only read when it ran for so many milliseconds. */
export const MEASURED_FROM = 5;

/** Room for results that have not left their thread, in bytes. */
const EARLY_BYTES = 64 * 1024;
/** 64-bit cells of a place: when its job started, how long it ran, what came of it, and the CPU time and the heap that it took. */
const NUMBERS = 5;
/** 64-bit cells before those. */
const HEAD = 3;
const BYTES_PER_PLACE = NUMBERS * Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT;

/**
 * The memory a thread shares with the queue, as both see it. Times are in milliseconds on the clock of all threads.
 * Those of a job are here instead of in its result: two numbers less to send for every job. Its place is used again
 * when its result has long arrived, for never are more jobs on a thread than there are places.
 */
export class SharedMemory {
  readonly buffer: SharedArrayBuffer;
  readonly cells: Int32Array;
  /** Since when the thread is in its phase. */
  readonly since: Float64Array;
  readonly startedAt: Float64Array;
  readonly duration: Float64Array;
  /** CPU time of the thread when the running job started, and which start that was: one is not read for every job. */
  readonly cpuBefore: Float64Array;
  /** Of jobs that ran for {@link MEASURED_FROM}: milliseconds, NaN where that is not known; and bytes. */
  readonly cpuTime: Float64Array;
  readonly heapUsed: Float64Array;
  /** See `early-results.ts`. */
  readonly early: { readonly values: Float64Array; readonly kinds: Int32Array; readonly bytes: Uint8Array };
  /** Where the job at a position has its place: `position & mask`. */
  readonly mask: number;

  /** `places`: a power of 2. */
  static for(places: number): SharedMemory {
    const fixed = CELLS * Int32Array.BYTES_PER_ELEMENT + HEAD * Float64Array.BYTES_PER_ELEMENT + EARLY_BYTES;
    return new SharedMemory(new SharedArrayBuffer(fixed + places * BYTES_PER_PLACE));
  }

  constructor(buffer: SharedArrayBuffer) {
    const afterCells = CELLS * Int32Array.BYTES_PER_ELEMENT;
    const places = (buffer.byteLength - afterCells - HEAD * Float64Array.BYTES_PER_ELEMENT - EARLY_BYTES) / BYTES_PER_PLACE;
    const numbers = new Float64Array(buffer, afterCells, HEAD + NUMBERS * places);
    const column = (at: number) => numbers.subarray(HEAD + at * places, HEAD + (at + 1) * places);
    const afterNumbers = afterCells + numbers.byteLength;
    this.buffer = buffer;
    this.cells = new Int32Array(buffer, 0, CELLS);
    this.since = numbers.subarray(0, 1);
    this.cpuBefore = numbers.subarray(1, HEAD);
    this.startedAt = column(0);
    this.duration = column(1);
    this.cpuTime = column(2);
    this.heapUsed = column(3);
    this.early = {
      values: column(4),
      kinds: new Int32Array(buffer, afterNumbers, places),
      bytes: new Uint8Array(buffer, buffer.byteLength - EARLY_BYTES),
    };
    this.mask = places - 1;
  }
}

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
} as const;

/** Int32 cells, before the 64-bit cells that follow. */
export const CELLS = 4;

/** Added to {@link CELL.CLAIMED}: no job that was sent before starts any more. */
export const WITHDRAWN = 1 << 30;

/** What a thread is doing since the time in its first 64-bit cell. */
export const PHASE = { IDLE: 0, RUNNING: 1, LOADING: 2, SENDING: 3 } as const;

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
  /** Where the job at a position has its place: `position & mask`. */
  readonly mask: number;

  /** `places`: a power of 2. */
  static for(places: number): SharedMemory {
    return new SharedMemory(
      new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT + (1 + 2 * places) * Float64Array.BYTES_PER_ELEMENT),
    );
  }

  constructor(buffer: SharedArrayBuffer) {
    const numbers = new Float64Array(buffer, CELLS * Int32Array.BYTES_PER_ELEMENT);
    const places = (numbers.length - 1) / 2;
    this.buffer = buffer;
    this.cells = new Int32Array(buffer, 0, CELLS);
    this.since = numbers.subarray(0, 1);
    this.startedAt = numbers.subarray(1, 1 + places);
    this.duration = numbers.subarray(1 + places);
    this.mask = places - 1;
  }
}

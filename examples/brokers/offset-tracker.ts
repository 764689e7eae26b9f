/**
 * Of a partition whose messages end out of order: the offset up to which all have ended, which is what may be committed. A consumer
 * that starts again reads from there; what had ended beyond it runs again.
 */
export class OffsetTracker {
  /** Those that have begun and not ended, in the order of the partition, which is that of their beginning. */
  readonly #open = new Set<bigint>();
  #next: bigint | undefined;
  /** What was given to be committed last, or where the partition began. */
  #committed: bigint | undefined;

  /** A message was read. Offsets come in their order, with gaps where the log was compacted. */
  begin(offset: bigint): void {
    if (this.#next !== undefined && offset < this.#next) throw new RangeError(`offset ${offset} came after ${this.#next - 1n}`);
    this.#open.add(offset);
    this.#next = offset + 1n;
    this.#committed ??= offset;
  }

  /** Its work is over: it shall not be read again. */
  end(offset: bigint): void {
    if (!this.#open.delete(offset)) throw new RangeError(`offset ${offset} has not begun, or has ended`);
  }

  /** How many have begun and not ended. */
  get open(): number {
    return this.#open.size;
  }

  /** The offset to read from next time, when it is further than the one that was given last; else `undefined`. */
  take(): bigint | undefined {
    const [first = this.#next] = this.#open;
    if (first === this.#committed) return undefined;
    this.#committed = first;
    return first;
  }
}

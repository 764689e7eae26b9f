import { monotonicNow } from '../../time/clock.js';

/** So many, and so many bytes, in every second. */
export class Budget {
  readonly #most: { readonly count: number; readonly bytes: number };
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;
  #bytes = 0;

  constructor(most: { readonly count: number; readonly bytes: number }) {
    this.#most = most;
  }

  /** Begins anew when a second is over, and says so. */
  renew(): boolean {
    const now = monotonicNow();
    if (now - this.#since < 1_000) return false;
    this.#since = now;
    this.#count = 0;
    this.#bytes = 0;
    return true;
  }

  get isSpent(): boolean {
    return this.#count >= this.#most.count;
  }

  /** Whether one more of so many bytes may pass; then it is counted. */
  allows(bytes: number): boolean {
    if (this.isSpent || this.#bytes + bytes > this.#most.bytes) return false;
    this.#count++;
    this.#bytes += bytes;
    return true;
  }
}

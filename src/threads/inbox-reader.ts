import type { Clock } from '../time/clock.js';
import { setImmediate } from '../time/timers.js';
import type { Inbox } from './inbox.js';

/** Least time between two rounds, in milliseconds; a round that takes longer is followed by as long a pause. */
const EVERY = 10;
/** Longest time of a round, in milliseconds: then timers and everybody else have their turn. */
const ROUND = 5;
/** Messages that are read between two looks at the clock. */
const AT_ONCE = 32;

/**
 * Reads what handlers say, in rounds. However much they say, the main thread spends a bounded part of its time on it:
 * no thread is read more often than {@link EVERY}, none more than the others, and no round is longer than {@link ROUND}.
 */
export class InboxReader {
  readonly #clock: Clock;
  /** Those with something to read, the one that has waited longest first. */
  readonly #waiting = new Set<Inbox>();
  #scheduled = false;
  /** When the last round was over, and how long it took. */
  #last = { over: Number.NEGATIVE_INFINITY, took: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** There is something to read. Not now: Node.js goes on reading a port as long as something comes. */
  news(inbox: Inbox): void {
    this.#waiting.add(inbox);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#last.over + Math.max(EVERY, this.#last.took) - this.#clock.now();
    if (wait <= 0) setImmediate(this.#round);
    else this.#clock.setTimeout(this.#round, wait);
  }

  readonly #round = () => {
    this.#scheduled = false;
    const begun = this.#clock.now();
    // Those that are not done with wait behind the others.
    for (const inbox of [...this.#waiting]) {
      if (this.#clock.now() - begun > ROUND) break;
      this.#waiting.delete(inbox);
      if (!this.#read(inbox, begun + ROUND)) this.#waiting.add(inbox);
    }
    const over = this.#clock.now();
    this.#last = { over, took: over - begun };
    if (this.#waiting.size > 0) this.#schedule();
  };

  /** Whether all was read. */
  #read(inbox: Inbox, until: number): boolean {
    inbox.begin();
    for (let left = inbox.size; left > 0; left -= AT_ONCE) {
      if (this.#clock.now() > until) return false;
      inbox.read(Math.min(left, AT_ONCE));
    }
    inbox.readProgress();
    return true;
  }
}

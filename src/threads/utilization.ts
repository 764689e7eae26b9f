/** How far it looks back, in seconds. */
const WINDOW = 60;
const SECOND = 1_000;

/** Which share of their time threads were at work in the last minute. Needs no timer: it counts when their number changes. */
export class Utilization {
  readonly #now: () => number;
  readonly #threads: number;
  readonly #begun: number;
  #busy = 0;
  /** Thread time at work since it was made, in milliseconds. */
  #worked = 0;
  /** When that was counted. */
  #counted: number;
  /** The same at the beginning of each second of the window: of second n at `n % length`. */
  readonly #workedBefore = new Float64Array(WINDOW + 1);

  /** `threads`: jobs that may run at once. */
  constructor(now: () => number, threads: number) {
    this.#now = now;
    this.#threads = threads;
    this.#begun = now();
    this.#counted = this.#begun;
  }

  /** How many are at work from now on. */
  set busy(busy: number) {
    this.#count();
    this.#busy = busy;
  }

  get busy(): number {
    return this.#busy;
  }

  /** From 0 to 1; in the first minute of the time since it was made. */
  get share(): number {
    this.#count();
    const now = this.#counted;
    const start = Math.max(this.#begun, now - WINDOW * SECOND);
    const time = (now - start) * this.#threads;
    return time <= 0 ? 0 : (this.#worked - this.#workedUntil(start)) / time;
  }

  /** Evenly within a second. */
  #workedUntil(time: number): number {
    if (time === this.#begun) return 0;
    const second = Math.floor(time / SECOND);
    const [before, after] = [this.#workedBefore.at(second % (WINDOW + 1)), this.#workedBefore.at((second + 1) % (WINDOW + 1))] as [
      number,
      number,
    ];
    return before + (after - before) * (time / SECOND - second);
  }

  #count(): void {
    const now = this.#now();
    const last = Math.floor(now / SECOND);
    for (let second = Math.max(Math.floor(this.#counted / SECOND) + 1, last - WINDOW); second <= last; second++) {
      this.#workedBefore[second % (WINDOW + 1)] = this.#worked + this.#busy * (second * SECOND - this.#counted);
    }
    this.#worked += this.#busy * (now - this.#counted);
    this.#counted = now;
  }
}

import type { JobRecord } from '../job/record.js';

/** No run. */
export const NONE = 0;

/**
 * The jobs of one group and one priority, in order of arrival: a list linked through the jobs, whose first one has the last one for its
 * `previous`. Each is known by a number, and kept in columns: where every job has a group of its own, an object for each costs more than
 * all else of a group, in memory and in garbage collection.
 */
export class Runs {
  readonly #firsts: (JobRecord | undefined)[] = [undefined];
  #sizes = new Int32Array(16);
  /** Neighbours in line for a turn, of those that are in line; of those that are free, the next one that is. */
  #nexts = new Int32Array(16);
  #previous = new Int32Array(16);
  /** When it may run, compared with others; see `Rounds`. Not a number: it is not in line. */
  #turns = new Float64Array(16);
  #free = NONE;

  /** A run without jobs, which is not in line. */
  open(): number {
    const run = this.#free === NONE ? this.#firsts.push(undefined) - 1 : this.#free;
    if (run >= this.#sizes.length) this.#grow();
    if (run === this.#free) this.#free = this.#nexts[run] as number;
    this.#turns[run] = Number.NaN;
    return run;
  }

  /** It has no jobs, and is not in line: its number may be another's. */
  close(run: number): void {
    this.#nexts[run] = this.#free;
    this.#free = run;
  }

  size(run: number): number {
    return this.#sizes[run] as number;
  }

  first(run: number): JobRecord | undefined {
    return this.#firsts[run];
  }

  /** Adds a job behind those that arrived before it; one that was taken and comes back is older than most. */
  insert(run: number, record: JobRecord): void {
    const first = this.#firsts[run];
    this.#sizes[run] = this.size(run) + 1;
    if (first === undefined || record.order < first.order) {
      record.previous = first === undefined ? record : first.previous;
      record.next = first;
      if (first !== undefined) first.previous = record;
      this.#firsts[run] = record;
      return;
    }
    let before = first.previous as JobRecord;
    if (before.order > record.order)
      for (before = first; (before.next as JobRecord).order < record.order; ) before = before.next as JobRecord;
    record.previous = before;
    record.next = before.next;
    (before.next ?? first).previous = record;
    before.next = record;
  }

  remove(run: number, record: JobRecord): void {
    const first = this.#firsts[run] as JobRecord;
    const { next } = record;
    const previous = record.previous as JobRecord;
    this.#sizes[run] = this.size(run) - 1;
    if (record === first) this.#firsts[run] = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    else if (record !== first) first.previous = previous;
    record.next = undefined;
    record.previous = undefined;
  }

  // --- The line

  inLine(run: number): boolean {
    return !Number.isNaN(this.#turns[run] as number);
  }

  turn(run: number): number {
    return this.#turns[run] as number;
  }

  next(run: number): number {
    return this.#nexts[run] as number;
  }

  previous(run: number): number {
    return this.#previous[run] as number;
  }

  /** It stands between these two from now on, or at an end; its turn is then. */
  place(run: number, previous: number, next: number, turn: number): void {
    this.#previous[run] = previous;
    this.#nexts[run] = next;
    this.#turns[run] = turn;
    if (previous !== NONE) this.#nexts[previous] = run;
    if (next !== NONE) this.#previous[next] = run;
  }

  /** It is not in line any more. */
  leave(run: number): void {
    const [previous, next] = [this.previous(run), this.next(run)];
    if (previous !== NONE) this.#nexts[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#turns[run] = Number.NaN;
  }

  #grow(): void {
    const grown = <Column extends Int32Array | Float64Array>(column: Column, larger: Column): Column => {
      larger.set(column);
      return larger;
    };
    const length = 2 * this.#sizes.length;
    this.#sizes = grown(this.#sizes, new Int32Array(length));
    this.#nexts = grown(this.#nexts, new Int32Array(length));
    this.#previous = grown(this.#previous, new Int32Array(length));
    this.#turns = grown(this.#turns, new Float64Array(length));
  }
}

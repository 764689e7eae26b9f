import type { JobRecord } from '../job/record.js';
import { NONE, type Runs } from './runs.js';

/** A group's key; jobs without one are a group too. */
export type GroupKey = string | undefined;

/** The groups that have jobs of one priority, and their line for a turn. */
export class Level {
  /** Of each group, by its key. */
  readonly runs = new Map<GroupKey, number>();
  first = NONE;
  last = NONE;
  /** Whether it stands among the priorities that may have something to run. */
  listed = false;
  readonly #all: Runs;

  constructor(
    readonly priority: number,
    all: Runs,
  ) {
    this.#all = all;
  }

  append(run: number, turn: number): void {
    this.#all.place(run, this.last, NONE, turn);
    if (this.last === NONE) this.first = run;
    this.last = run;
  }

  prepend(run: number, turn: number): void {
    this.#all.place(run, NONE, this.first, turn);
    if (this.first === NONE) this.last = run;
    this.first = run;
  }

  leave(run: number): void {
    if (!this.#all.inLine(run)) return;
    if (run === this.first) this.first = this.#all.next(run);
    if (run === this.last) this.last = this.#all.previous(run);
    this.#all.leave(run);
  }

  /** How many jobs run before one more of a group that has `own` here: each group before it has as many turns. */
  countBefore(own: number): number {
    let seen = 0;
    let count = 0;
    for (let run = this.first; run !== NONE && seen < SAMPLE; run = this.#all.next(run), seen++)
      count += Math.min(this.#all.size(run), own + 1);
    return seen < SAMPLE ? count : (count / SAMPLE) * this.runs.size;
  }

  /** Its jobs: one of each group, again and again; those of held groups as if they stood at the end of the line. */
  *[Symbol.iterator](): Generator<JobRecord> {
    let heads: (JobRecord | undefined)[] = [];
    for (let run = this.first; run !== NONE; run = this.#all.next(run)) heads.push(this.#all.first(run));
    for (const run of this.runs.values()) if (!this.#all.inLine(run)) heads.push(this.#all.first(run));
    while (heads.length > 0) {
      const later: (JobRecord | undefined)[] = [];
      for (const head of heads) {
        if (head === undefined) continue;
        const { next } = head;
        yield head;
        later.push(next);
      }
      heads = later;
    }
  }
}

/** So many groups of a level are looked at to say how many jobs run before another; of more, these stand for the others. */
const SAMPLE = 1_000;

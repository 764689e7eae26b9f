import type { JobRecord } from '../job/record.js';
import { NONE, type Runs } from './runs.js';

/** A group's key; jobs without one are a group too. */
export type GroupKey = string | undefined;

/** The groups that have jobs of one priority, and their line for a turn. */
export class Level {
  /** How many groups have jobs. */
  groups = 0;
  /** Of each of them, by its key; and of some that have none left, see {@link letGo}. */
  #runs = new Map<GroupKey, number>();
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

  /** {@link NONE} where the group has no jobs. */
  runOf(key: GroupKey): number {
    const run = this.#runs.get(key);
    return run === undefined || this.#all.size(run) === 0 ? NONE : run;
  }

  /** Adds a job. Gives the run of its group, which is not in line where it had none. */
  insert(record: JobRecord): number {
    let run = this.#runs.get(record.group);
    if (run === undefined) {
      run = this.#all.open();
      this.#runs.set(record.group, run);
    }
    if (this.#all.size(run) === 0) this.groups++;
    this.#all.insert(run, record);
    return run;
  }

  /** Takes a job out of the run of its group. Whether that was the last one; then it has left the line. */
  remove(run: number, record: JobRecord): boolean {
    this.#all.remove(run, record);
    if (this.#all.size(run) > 0) return false;
    this.leave(run);
    this.groups--;
    const empty = this.#runs.size - this.groups;
    if (empty > MOST_EMPTY && empty > 3 * this.groups) this.letGo();
    return true;
  }

  /** Lets go of the groups that have no jobs: of many at a time, for each by itself costs a lookup among all. */
  letGo(): void {
    const runs = this.#runs;
    this.#runs = new Map();
    for (const [key, run] of runs) {
      if (this.#all.size(run) > 0) this.#runs.set(key, run);
      else this.#all.close(run);
    }
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
    return seen < SAMPLE ? count : (count / SAMPLE) * this.groups;
  }

  /** Each group that has jobs, and how many, in line or not. */
  *sizes(): Generator<[key: GroupKey, size: number]> {
    for (const [key, run] of this.#runs) if (this.#all.size(run) > 0) yield [key, this.#all.size(run)];
  }

  /** Its jobs: one of each group, again and again; those of held groups as if they stood at the end of the line. */
  *[Symbol.iterator](): Generator<JobRecord> {
    let heads: (JobRecord | undefined)[] = [];
    for (let run = this.first; run !== NONE; run = this.#all.next(run)) heads.push(this.#all.first(run));
    for (const run of this.#runs.values()) if (!this.#all.inLine(run)) heads.push(this.#all.first(run));
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
/** So many groups without jobs a level keeps, whatever the number of others. */
const MOST_EMPTY = 16;

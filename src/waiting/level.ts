import type { JobRecord } from '../job/record.js';

/** A group's key; jobs without one are a group too. */
export type GroupKey = string | undefined;

/** The jobs of one group and one priority, in order of arrival: a list linked through the jobs. */
export class Run {
  size = 0;
  first: JobRecord | undefined;
  last: JobRecord | undefined;
  // Neighbours in line for a turn.
  next: Run | undefined;
  previous: Run | undefined;
  inLine = false;
  /** When it may run, compared with others; see {@link Rounds}. */
  turn = 0;

  constructor(
    readonly key: GroupKey,
    readonly level: Level,
  ) {}

  /** Adds a job behind those that arrived before it; one that was taken and comes back is older than most. */
  insert(record: JobRecord): void {
    let before = this.last;
    if (before !== undefined && before.order > record.order) {
      before = undefined;
      for (let one = this.first; one !== undefined && one.order < record.order; one = one.next) before = one;
    }
    this.#link(before, record, before === undefined ? this.first : before.next);
    this.size++;
  }

  remove(record: JobRecord): void {
    const previous = record.previous as JobRecord | undefined;
    if (previous === undefined) this.first = record.next;
    else previous.next = record.next;
    if (record.next === undefined) this.last = previous;
    else record.next.previous = previous;
    record.next = undefined;
    record.previous = undefined;
    this.size--;
  }

  #link(previous: JobRecord | undefined, record: JobRecord, next: JobRecord | undefined): void {
    record.previous = previous;
    record.next = next;
    if (previous === undefined) this.first = record;
    else previous.next = record;
    if (next === undefined) this.last = record;
    else next.previous = record;
  }
}

/** The groups that have jobs of one priority, in line for their turn. */
export class Level {
  readonly runs = new Map<GroupKey, Run>();
  first: Run | undefined;
  last: Run | undefined;
  /** Whether it stands among the priorities that may have something to run. */
  listed = false;

  constructor(readonly priority: number) {}

  append(run: Run): void {
    run.inLine = true;
    run.previous = this.last;
    if (this.last === undefined) this.first = run;
    else this.last.next = run;
    this.last = run;
  }

  prepend(run: Run): void {
    run.inLine = true;
    run.next = this.first;
    if (this.first === undefined) this.last = run;
    else this.first.previous = run;
    this.first = run;
  }

  leave(run: Run): void {
    if (!run.inLine) return;
    if (run.previous === undefined) this.first = run.next;
    else run.previous.next = run.next;
    if (run.next === undefined) this.last = run.previous;
    else run.next.previous = run.previous;
    run.next = undefined;
    run.previous = undefined;
    run.inLine = false;
  }
}

/** So many groups of a level are looked at to say how many jobs run before another; of more, these stand for the others. */
const SAMPLE = 1_000;

/** How many jobs of a level run before one more of a group that has `own` there. */
export function countBefore({ runs, first }: Level, own: number): number {
  let seen = 0;
  let count = 0;
  for (let run = first; run !== undefined && seen < SAMPLE; run = run.next, seen++) count += Math.min(run.size, own + 1);
  return seen < SAMPLE ? count : (count / SAMPLE) * runs.size;
}

/** The jobs of a level: one of each group, again and again; those of held groups as if they stood at the end of the line. */
export function* inTurns({ runs, first }: Level): Generator<JobRecord> {
  let heads: (JobRecord | undefined)[] = [];
  for (let run = first; run !== undefined; run = run.next) heads.push(run.first);
  for (const run of runs.values()) if (!run.inLine) heads.push(run.first);
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

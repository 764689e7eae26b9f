import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';

/** A group's key; jobs without one are a group too. */
export type GroupKey = string | undefined;

/** Hands out turns, for all lines of a queue: a lower number is sooner. */
export class Rounds {
  #last = 0;
  #first = 0;

  /** After all that were handed out. */
  last(): number {
    return ++this.#last;
  }

  /** Before all that were handed out. */
  first(): number {
    return --this.#first;
  }
}

/** The jobs of one group and one priority, in order of arrival: a list linked through the jobs. */
class Run {
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
class Level {
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

/**
 * Jobs ready to run, where there are groups: the highest priority first; among equal priorities the groups take turns,
 * and within a group the order of arrival holds. Calls are O(1) in jobs and groups, and O(log n) in priorities.
 *
 * A group stands in line once for each priority that it has jobs of. Whoever was taken from goes to the end; so no group
 * is passed over more than once for each turn of another. A group that is held back is put aside when its turn comes,
 * and is at the end of the line when it is released. A group without jobs is not in here at all.
 */
export class Turns {
  /** Jobs that may run, as far as is known: a held group is noticed when its turn comes. */
  size = 0;
  readonly #rounds: Rounds;
  readonly #isHeld: (key: GroupKey) => boolean;
  readonly #levels = new Map<number, Level>();
  readonly #priorities = new TinyQueue<Level>([], (a, b) => b.priority - a.priority);
  /** Of held groups, by key. */
  readonly #aside = new Map<GroupKey, Set<Run>>();

  constructor(rounds: Rounds, isHeld: (key: GroupKey) => boolean = () => false) {
    this.#rounds = rounds;
    this.#isHeld = isHeld;
  }

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    for (let level = this.#priorities.peek(); level !== undefined; level = this.#priorities.peek()) {
      for (let run = level.first; run !== undefined; run = level.first) {
        if (!this.#isHeld(run.key)) return run.first;
        this.#putAside(run);
      }
      this.#priorities.pop();
      level.listed = false;
      this.#dropEmpty(level);
    }
    return undefined;
  }

  /** Adds a job. A group that had none of its priority goes to the end of the line. */
  push(record: JobRecord): void {
    const run = this.#runOf(record);
    run.insert(record);
    if (run.inLine) this.size++;
    else if (!this.#isAside(run)) this.#enter(run, 'last');
  }

  /** Adds a job that was taken and has not run after all: its group has its turn back. */
  putBack(record: JobRecord): void {
    const run = this.#runOf(record);
    run.insert(record);
    if (this.#isAside(run)) return;
    if (run.inLine) {
      this.size++;
      this.#leave(run);
    }
    this.#enter(run, 'first');
  }

  /** Takes out a job that is in here, whichever it is. */
  remove(record: JobRecord): void {
    const level = this.#levels.get(record.priority) as Level;
    const run = level.runs.get(record.group) as Run;
    run.remove(record);
    if (run.inLine) this.size--;
    if (run.size > 0) return;
    level.leave(run);
    level.runs.delete(run.key);
    this.#aside.get(run.key)?.delete(run);
    this.#dropEmpty(level);
  }

  /** A group has had its turn at this priority: it goes to the end of the line, for its next one. */
  passed(priority: number, key: GroupKey, turn: number): void {
    const run = this.#levels.get(priority)?.runs.get(key);
    if (run === undefined || !run.inLine) return;
    run.turn = turn;
    if (run.next === undefined) return;
    run.level.leave(run);
    run.level.append(run);
  }

  /** The turn that the group of a job in here has. */
  turnOf({ priority, group }: JobRecord): number {
    return this.#levels.get(priority)?.runs.get(group)?.turn ?? 0;
  }

  /** A group is held back no longer. */
  release(key: GroupKey): void {
    const runs = this.#aside.get(key);
    if (runs === undefined) return;
    this.#aside.delete(key);
    for (const run of runs) this.#enter(run, 'last');
  }

  /** In the order in which they would run, were no group held back. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const levels = [...this.#levels.values()].sort((a, b) => b.priority - a.priority);
    for (const level of levels) yield* inTurns(level);
  }

  #runOf({ priority, group }: JobRecord): Run {
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = new Level(priority);
      this.#levels.set(priority, level);
    }
    let run = level.runs.get(group);
    if (run === undefined) {
      run = new Run(group, level);
      level.runs.set(group, run);
    }
    return run;
  }

  #isAside(run: Run): boolean {
    return this.#aside.size > 0 && this.#aside.get(run.key)?.has(run) === true;
  }

  #putAside(run: Run): void {
    this.#leave(run);
    const runs = this.#aside.get(run.key) ?? new Set();
    this.#aside.set(run.key, runs.add(run));
  }

  #enter(run: Run, place: 'first' | 'last'): void {
    const { level } = run;
    run.turn = this.#rounds[place]();
    if (place === 'first') level.prepend(run);
    else level.append(run);
    this.size += run.size;
    if (level.listed) return;
    level.listed = true;
    this.#priorities.push(level);
  }

  #leave(run: Run): void {
    run.level.leave(run);
    this.size -= run.size;
  }

  #dropEmpty(level: Level): void {
    if (level.runs.size === 0 && !level.listed) this.#levels.delete(level.priority);
  }
}

/** The jobs of a level: one of each group, again and again; those of held groups as if they stood at the end of the line. */
function* inTurns({ runs, first }: Level): Generator<JobRecord> {
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

import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';
import { countBefore, type GroupKey, inTurns, Level, Run } from './level.js';

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

  /** Each group that has jobs of some priority, and how many, held or not. */
  *sizes(): Generator<[key: GroupKey, size: number]> {
    for (const { runs } of this.#levels.values()) for (const { key, size } of runs.values()) yield [key, size];
  }

  /** How many jobs of a group are in here, held or not. */
  sizeOf(key: GroupKey): number {
    let size = 0;
    for (const { runs } of this.#levels.values()) size += runs.get(key)?.size ?? 0;
    return size;
  }

  /** How many jobs run before one more of a priority and a group. */
  before(priority: number, key: GroupKey): number {
    let count = 0;
    for (const level of this.#levels.values()) {
      if (level.priority >= priority)
        count += countBefore(level, level.priority > priority ? Number.POSITIVE_INFINITY : (level.runs.get(key)?.size ?? 0));
    }
    return count;
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

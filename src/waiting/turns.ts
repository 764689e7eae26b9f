import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';
import { type GroupKey, Level } from './level.js';
import { NONE, Runs } from './runs.js';

/** Hands out turns, for all lines of a queue: a lower number is sooner. */
export class Rounds {
  /** Of all lines. */
  readonly runs = new Runs();
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
  readonly #runs: Runs;
  readonly #isHeld: (key: GroupKey) => boolean;
  readonly #levels = new Map<number, Level>();
  readonly #priorities = new TinyQueue<Level>([], (a, b) => b.priority - a.priority);
  /** Of held groups, by key: a run at each level. */
  readonly #aside = new Map<GroupKey, Map<Level, number>>();

  constructor(rounds: Rounds, isHeld: (key: GroupKey) => boolean = () => false) {
    this.#rounds = rounds;
    this.#runs = rounds.runs;
    this.#isHeld = isHeld;
  }

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    for (let level = this.#priorities.peek(); level !== undefined; level = this.#priorities.peek()) {
      for (let run = level.first; run !== NONE; run = level.first) {
        const record = this.#runs.first(run) as JobRecord;
        if (!this.#isHeld(record.group)) return record;
        this.#putAside(level, run, record.group);
      }
      this.#priorities.pop();
      level.listed = false;
      this.#dropEmpty(level);
    }
    return undefined;
  }

  /** Adds a job. A group that had none of its priority goes to the end of the line. */
  push(record: JobRecord): void {
    const level = this.#levelOf(record.priority);
    const run = level.insert(record);
    if (this.#runs.inLine(run)) this.size++;
    else if (!this.#isAside(level, record.group)) this.#enter(level, run, 'last');
  }

  /** Adds a job that was taken and has not run after all: its group has its turn back. */
  putBack(record: JobRecord): void {
    const level = this.#levelOf(record.priority);
    const run = level.insert(record);
    if (this.#isAside(level, record.group)) return;
    if (this.#runs.inLine(run)) {
      this.size++;
      this.#leave(level, run);
    }
    this.#enter(level, run, 'first');
  }

  /** Takes {@link head} out: its group has had its turn, and goes to the end of the line. */
  take(head: JobRecord, turn: number): void {
    const level = this.#levels.get(head.priority) as Level;
    // Not by its key: a lookup among very many groups costs more than all else here.
    const run = level.first;
    this.#remove(level, run, head);
    if (this.#runs.size(run) > 0) this.#toTheEnd(level, run, turn);
  }

  /** Takes out a job that is in here, whichever it is. */
  remove(record: JobRecord): void {
    const level = this.#levels.get(record.priority) as Level;
    this.#remove(level, level.runOf(record.group), record);
  }

  #remove(level: Level, run: number, record: JobRecord): void {
    if (this.#runs.inLine(run)) this.size--;
    if (!level.remove(run, record)) return;
    if (this.#aside.size > 0) this.#aside.get(record.group)?.delete(level);
    this.#dropEmpty(level);
  }

  /** A group has had its turn at this priority, in another line: it goes to the end of this one too. */
  passed(priority: number, key: GroupKey, turn: number): void {
    if (this.size === 0) return;
    const level = this.#levels.get(priority);
    const run = level?.runOf(key) ?? NONE;
    if (level !== undefined && run !== NONE && this.#runs.inLine(run)) this.#toTheEnd(level, run, turn);
  }

  #toTheEnd(level: Level, run: number, turn: number): void {
    level.leave(run);
    level.append(run, turn);
  }

  /** The turn that the group of a job in here has. */
  turnOf({ priority, group }: JobRecord): number {
    const run = this.#levels.get(priority)?.runOf(group) ?? NONE;
    return run === NONE ? 0 : this.#runs.turn(run);
  }

  /** Each group that has jobs of some priority, and how many, held or not. */
  *sizes(): Generator<[key: GroupKey, size: number]> {
    for (const level of this.#levels.values()) yield* level.sizes();
  }

  /** How many jobs of a group are in here, held or not. */
  sizeOf(key: GroupKey): number {
    let size = 0;
    for (const level of this.#levels.values()) size += this.#sizeAt(level, key);
    return size;
  }

  /** How many jobs run before one more of a priority and a group. */
  before(priority: number, key: GroupKey): number {
    let count = 0;
    for (const level of this.#levels.values()) {
      if (level.priority > priority) count += level.countBefore(Number.POSITIVE_INFINITY);
      else if (level.priority === priority) count += level.countBefore(this.#sizeAt(level, key));
    }
    return count;
  }

  /** A group is held back no longer. */
  release(key: GroupKey): void {
    const aside = this.#aside.get(key);
    if (aside === undefined) return;
    this.#aside.delete(key);
    for (const [level, run] of aside) this.#enter(level, run, 'last');
  }

  /** In the order in which they would run, were no group held back. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const levels = [...this.#levels.values()].sort((a, b) => b.priority - a.priority);
    for (const level of levels) yield* level;
  }

  #levelOf(priority: number): Level {
    let level = this.#levels.get(priority);
    if (level === undefined) {
      level = new Level(priority, this.#runs);
      this.#levels.set(priority, level);
    }
    return level;
  }

  #sizeAt(level: Level, key: GroupKey): number {
    return this.#runs.size(level.runOf(key));
  }

  #isAside(level: Level, key: GroupKey): boolean {
    return this.#aside.size > 0 && this.#aside.get(key)?.has(level) === true;
  }

  #putAside(level: Level, run: number, key: GroupKey): void {
    this.#leave(level, run);
    const aside = this.#aside.get(key) ?? new Map<Level, number>();
    this.#aside.set(key, aside.set(level, run));
  }

  #enter(level: Level, run: number, place: 'first' | 'last'): void {
    const turn = this.#rounds[place]();
    if (place === 'first') level.prepend(run, turn);
    else level.append(run, turn);
    this.size += this.#runs.size(run);
    if (level.listed) return;
    level.listed = true;
    this.#priorities.push(level);
  }

  #leave(level: Level, run: number): void {
    level.leave(run);
    this.size -= this.#runs.size(run);
  }

  #dropEmpty(level: Level): void {
    if (level.groups > 0 || level.listed) return;
    level.letGo();
    this.#levels.delete(level.priority);
  }
}

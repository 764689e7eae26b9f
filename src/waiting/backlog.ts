import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';

/** Children of a node of the heap. Eight priorities fill a cache line, and the heap is a third as deep as a binary one. */
const ARITY = 8;

/** Most runs that can still be appended to. */
const MAX_OPEN = 1_024;

/** Jobs of one priority, linked to each other. */
interface Run {
  readonly priority: number;
  last: JobRecord;
}

const inOrder = (a: JobRecord, b: JobRecord) => b.priority - a.priority || a.order - b.order;

/**
 * Jobs ready to run: the highest priority first, then in order of arrival.
 *
 * Kept as a d-ary heap of runs. A run is jobs of one priority in order of arrival, a list linked through the jobs
 * themselves, and stands in the heap by its first. One priority is one run, and every call O(1); all priorities distinct
 * are runs of one, and a call O(log n). A priority may have several runs: {@link JobRecord.order} decides between them.
 */
export class Backlog {
  size = 0;
  /** The heap. The `previous` of the first of a run is its place in here. */
  readonly #firsts: JobRecord[] = [];
  /** Of {@link #firsts}, place by place: side by side, and not each in a job somewhere in memory. */
  readonly #priorities: number[] = [];
  /** The runs that can still be appended to, by priority. Those that are not in here are only taken from. */
  readonly #open = new Map<number, Run>();
  /** The one of them that was appended to last: often the next job has the same priority. */
  #recent: Run | undefined;

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    return this.#firsts[0];
  }

  /** Adds a job, which may be older than those of its priority in here: one that was taken and comes back. */
  push(record: JobRecord): void {
    const run = this.#runOf(record.priority);
    if (run !== undefined && run.last.order < record.order) {
      link(run.last, record);
      run.last = record;
      this.#recent = run;
    } else this.#begin(record);
    this.size++;
  }

  shift(): JobRecord | undefined {
    const { head } = this;
    if (head !== undefined) this.remove(head);
    return head;
  }

  /** Takes out a job that is in here. */
  remove(record: JobRecord): void {
    const { previous, next } = record;
    if (next === undefined) this.#shorten(record);
    if (typeof previous === 'object') link(previous, next);
    else this.#replace(previous as number, next);
    record.previous = undefined;
    record.next = undefined;
    this.size--;
  }

  /** In the order in which they would run: goes down the heap and along the runs only as far as it is asked to. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const candidates = new TinyQueue<JobRecord>(this.#firsts.slice(0, 1), inOrder);
    for (let record = candidates.pop(); record !== undefined; record = candidates.pop()) {
      yield record;
      if (record.next !== undefined) candidates.push(record.next);
      if (typeof record.previous === 'object') continue;
      const child = (record.previous as number) * ARITY + 1;
      for (const first of this.#firsts.slice(child, child + ARITY)) candidates.push(first);
    }
  }

  // --- Runs

  #runOf(priority: number): Run | undefined {
    return this.#recent?.priority === priority ? this.#recent : this.#open.get(priority);
  }

  #begin(record: JobRecord): void {
    const { priority } = record;
    if (this.#open.size >= MAX_OPEN) this.#open.clear();
    this.#recent = { priority, last: record };
    this.#open.set(priority, this.#recent);
    this.#up(this.#firsts.length, record, priority);
  }

  /** The last of a run is leaving it. */
  #shorten(last: JobRecord): void {
    const { priority, previous } = last;
    const run = this.#runOf(priority);
    if (run?.last !== last) return;
    if (typeof previous === 'object') run.last = previous;
    else {
      this.#open.delete(priority);
      this.#recent = undefined;
    }
  }

  /** The first of a run is leaving it, and the heap with it, unless there is a second. */
  #replace(place: number, second: JobRecord | undefined): void {
    if (second !== undefined) return this.#down(place, second, second.priority);
    const last = this.#firsts.pop() as JobRecord;
    const priority = this.#priorities.pop() as number;
    if (place === this.#firsts.length) return;
    this.#up(place, last, priority);
    if (last.previous === place) this.#down(place, last, priority);
  }

  // --- The heap

  /** Puts a run at a free place, or as far above it as it belongs. */
  #up(free: number, record: JobRecord, priority: number): void {
    let place = free;
    while (place > 0) {
      const parent = Math.floor((place - 1) / ARITY);
      if (!this.#before(record, priority, parent)) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#put(record, priority, place);
  }

  /** Puts a run at a free place, or as far below it as it belongs. */
  #down(free: number, record: JobRecord, priority: number): void {
    let place = free;
    for (;;) {
      const child = this.#firstChild(place);
      if (child === undefined || this.#before(record, priority, child)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(record, priority, place);
  }

  /** Which of the children runs first. */
  #firstChild(place: number): number | undefined {
    const start = place * ARITY + 1;
    const end = Math.min(start + ARITY, this.#firsts.length);
    if (start >= end) return undefined;
    let first = start;
    for (let child = start + 1; child < end; child++) {
      if (this.#before(this.#firsts[child] as JobRecord, this.#priorities[child] as number, first)) first = child;
    }
    return first;
  }

  #before(record: JobRecord, priority: number, place: number): boolean {
    const other = this.#priorities[place] as number;
    return priority > other || (priority === other && record.order < (this.#firsts[place] as JobRecord).order);
  }

  #move(from: number, to: number): void {
    this.#put(this.#firsts[from] as JobRecord, this.#priorities[from] as number, to);
  }

  #put(record: JobRecord, priority: number, place: number): void {
    this.#firsts[place] = record;
    this.#priorities[place] = priority;
    record.previous = place;
  }
}

function link(record: JobRecord, next: JobRecord | undefined): void {
  record.next = next;
  if (next !== undefined) next.previous = record;
}

import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/job.js';

/** The jobs of one priority, in order of arrival: a list linked through the jobs themselves. */
interface Lane {
  readonly priority: number;
  head: JobRecord | undefined;
  tail: JobRecord | undefined;
}

/** Jobs ready to run: the highest priority first, then in order of arrival. Every call but the listing is O(log of the number of priorities). */
export class Backlog {
  size = 0;
  readonly #lanes = new Map<number, Lane>();
  /** Also holds lanes that have become empty, until they come up. */
  readonly #order = new TinyQueue<Lane>([], (a, b) => b.priority - a.priority);
  /** The lane last used: most queues have one priority. */
  #recent: Lane | undefined;

  /** The job that runs next. */
  get head(): JobRecord | undefined {
    return this.#top()?.head;
  }

  push(record: JobRecord): void {
    const lane = this.#lane(record.priority);
    record.previous = lane.tail;
    if (lane.tail === undefined) lane.head = record;
    else lane.tail.next = record;
    lane.tail = record;
    this.size++;
  }

  /** Puts a job before all others of its priority: for one that was at the front already. */
  unshift(record: JobRecord): void {
    const lane = this.#lane(record.priority);
    record.next = lane.head;
    if (lane.head === undefined) lane.tail = record;
    else lane.head.previous = record;
    lane.head = record;
    this.size++;
  }

  shift(): JobRecord | undefined {
    const head = this.head;
    if (head !== undefined) this.remove(head);
    return head;
  }

  /** Takes out a job that is in here. */
  remove(record: JobRecord): void {
    const lane = this.#lane(record.priority);
    if (record.previous === undefined) lane.head = record.next;
    else record.previous.next = record.next;
    if (record.next === undefined) lane.tail = record.previous;
    else record.next.previous = record.previous;
    record.next = undefined;
    record.previous = undefined;
    this.size--;
  }

  /** In the order in which they would run. */
  *[Symbol.iterator](): Generator<JobRecord> {
    const lanes = [...this.#lanes.values()].sort((a, b) => b.priority - a.priority);
    for (const lane of lanes) {
      for (let record = lane.head; record !== undefined; record = record.next) yield record;
    }
  }

  #lane(priority: number): Lane {
    if (this.#recent?.priority === priority) return this.#recent;
    let lane = this.#lanes.get(priority);
    if (lane === undefined) {
      lane = { priority, head: undefined, tail: undefined };
      this.#lanes.set(priority, lane);
      this.#order.push(lane);
    }
    this.#recent = lane;
    return lane;
  }

  #top(): Lane | undefined {
    let lane = this.#order.peek();
    while (lane !== undefined && lane.head === undefined) {
      this.#order.pop();
      this.#lanes.delete(lane.priority);
      if (this.#recent === lane) this.#recent = undefined;
      lane = this.#order.peek();
    }
    return lane;
  }
}

import TinyQueue from 'tinyqueue';
import type { JobRecord } from '../job/record.js';
import type { Clock, Timer } from '../time/clock.js';

/** What can wait for a time. */
interface Ordered {
  /** Which of two goes first that have one time. */
  readonly order: number;
}

interface Entry<Item> {
  readonly due: number;
  readonly record: Item;
}

const byDue = (a: Entry<Ordered>, b: Entry<Ordered>) => a.due - b.due || a.record.order - b.record.order;

/** Jobs, or others, that wait for a time, some of them for a thread to exit before: a heap and one timer. Calls back with each when it is due. */
export class Delays<Item extends Ordered = JobRecord> {
  readonly #clock: Clock;
  readonly #due: (record: Item) => void;
  #heap = new TinyQueue<Entry<Item>>([], byDue);
  /** Which entries of the heap still hold; the others were removed. */
  readonly #live = new Map<Item, Entry<Item>>();
  /** Jobs whose old thread has not exited: their time counts from now, but comes after that. */
  readonly #held = new Set<Item>();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, due: (record: Item) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#live.size + this.#held.size;
  }

  /** In order of their time, those that wait for a thread to exit at the end; goes down the heap only as far as it is asked to. */
  *[Symbol.iterator](): Generator<Item> {
    const { data } = this.#heap;
    const candidates = new TinyQueue<number>(data.length > 0 ? [0] : [], (a, b) => byDue(data[a] as Entry<Item>, data[b] as Entry<Item>));
    for (let place = candidates.pop(); place !== undefined; place = candidates.pop()) {
      const entry = data[place] as Entry<Item>;
      if (this.#live.get(entry.record) === entry) yield entry.record;
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < data.length) candidates.push(child);
    }
    yield* this.#held;
  }

  /** Whether a job waits for a thread to exit. */
  get awaitsExit(): boolean {
    return this.#held.size > 0;
  }

  /** When a job is due, on {@link Clock.now}; `undefined` for one that waits for a thread to exit, or is not in here. */
  dueAt(record: Item): number | undefined {
    return this.#live.get(record)?.due;
  }

  /** When the next job is due, on {@link Clock.now}. */
  get nextDue(): number {
    this.#dropRemoved();
    return this.#heap.peek()?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Counts from now, but does not end before `exited` resolves. */
  add(record: Item, delay: number, exited?: Promise<void>): void {
    const due = this.#clock.now() + delay;
    if (exited === undefined) return this.#add(record, due);
    this.#held.add(record);
    void exited.then(() => {
      if (this.#held.delete(record)) this.#add(record, Math.max(due, this.#clock.now()));
    });
  }

  #add(record: Item, due: number): void {
    const entry = { due, record };
    this.#live.set(record, entry);
    this.#heap.push(entry);
    this.#arm();
  }

  /** Whether it was in here. */
  remove(record: Item): boolean {
    if (this.#held.delete(record)) return true;
    if (!this.#live.delete(record)) return false;
    if (this.#heap.length > 2 * this.#live.size + 64) this.#heap = new TinyQueue([...this.#live.values()], byDue);
    this.#arm();
    return true;
  }

  #arm(): void {
    const due = this.nextDue;
    // A timer that fires too early finds nothing due, and costs less than one set anew whenever the first leaves.
    if (due >= this.#timerDue && due !== Number.POSITIVE_INFINITY) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = due === Number.POSITIVE_INFINITY ? undefined : this.#clock.setTimeout(() => this.#fire(), due - this.#clock.now());
  }

  #fire(): void {
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    while (this.nextDue <= now) {
      const { record } = this.#heap.pop() as Entry<Item>;
      this.#live.delete(record);
      this.#due(record);
    }
    this.#arm();
  }

  #dropRemoved(): void {
    for (let entry = this.#heap.peek(); entry !== undefined && this.#live.get(entry.record) !== entry; entry = this.#heap.peek()) {
      this.#heap.pop();
    }
  }
}

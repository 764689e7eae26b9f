import type { JobRecord } from './record.js';
import { noTimes, PAGE } from './times.js';

/** Jobs with numbers next to each other: an array for them costs a fifth of a Map, in time and in bytes. */
class Page {
  readonly records: (JobRecord | undefined)[] = new Array(PAGE).fill(undefined);
  readonly times = noTimes(PAGE);
  used = 0;

  constructor(readonly number: number) {}
}

/** Eight hexadecimal digits, so that ids of two processes differ in logs; no secret. `crypto` takes 3 ms to load, which every program would wait for. */
function newPrefix(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}

/** All jobs of a queue that live or are kept. Its own are known by a growing number; a text for every job would cost more. */
export class Jobs {
  /** What the ids of the queue's own jobs begin with; the rest is their number. */
  readonly idPrefix = `${newPrefix()}-`;
  readonly #pages = new Map<number, Page>();
  /** The page that new jobs come to; it stays when it is empty. */
  #newest = new Page(-1);
  /** Those that came with an id from an earlier queue. */
  readonly #restored = new Map<string, JobRecord>();

  get(id: string): JobRecord | undefined {
    const restored = this.#restored.get(id);
    if (restored !== undefined || !id.startsWith(this.idPrefix)) return restored;
    const key = Number(id.slice(this.idPrefix.length));
    return this.#pages.get(Math.floor(key / PAGE))?.records[key % PAGE];
  }

  has(record: JobRecord): boolean {
    const { key } = record;
    if (typeof key === 'string') return this.#restored.get(key) === record;
    return this.#pages.get(Math.floor(key / PAGE))?.records[key % PAGE] === record;
  }

  /** Where the times of a new job are kept. */
  timesFor(key: number | string): number[] {
    return typeof key === 'string' ? noTimes(1) : this.#page(key).times;
  }

  set(record: JobRecord): void {
    const { key } = record;
    if (typeof key === 'string') this.#restored.set(key, record);
    else {
      const page = this.#page(key);
      page.records[key % PAGE] = record;
      page.used++;
    }
  }

  delete({ key }: JobRecord): void {
    if (typeof key === 'string') {
      this.#restored.delete(key);
      return;
    }
    const page = this.#page(key);
    page.records[key % PAGE] = undefined;
    page.used--;
    this.#dropEmpty(page);
  }

  *[Symbol.iterator](): Generator<JobRecord> {
    yield* this.#restored.values();
    for (const { records } of this.#pages.values()) for (const record of records) if (record !== undefined) yield record;
  }

  #page(key: number): Page {
    const number = Math.floor(key / PAGE);
    if (this.#newest.number === number) return this.#newest;
    return this.#pages.get(number) ?? this.#add(number);
  }

  #add(number: number): Page {
    const before = this.#newest;
    this.#newest = new Page(number);
    this.#pages.set(number, this.#newest);
    this.#dropEmpty(before);
    return this.#newest;
  }

  #dropEmpty(page: Page): void {
    if (page.used === 0 && page !== this.#newest) this.#pages.delete(page.number);
  }
}

import { randomUUID } from 'node:crypto';
import type { JobRecord } from './job/job.js';

/** Jobs with numbers next to each other: an array for them costs a fifth of a Map, in time and in bytes. */
class Page {
  static readonly SIZE = 256;
  readonly records: (JobRecord | undefined)[] = new Array(Page.SIZE).fill(undefined);
  used = 0;
}

/** All jobs of a queue that live or are kept. Its own are known by a growing number; a text for every job would cost more. */
export class Jobs {
  /** What the ids of the queue's own jobs begin with; the rest is their number. */
  readonly idPrefix = `${randomUUID().slice(0, 8)}-`;
  readonly #pages = new Map<number, Page>();
  /** Those that came with an id from an earlier queue. */
  readonly #restored = new Map<string, JobRecord>();

  get(id: string): JobRecord | undefined {
    if (!id.startsWith(this.idPrefix)) return this.#restored.get(id);
    const key = Number(id.slice(this.idPrefix.length));
    return this.#pages.get(Math.floor(key / Page.SIZE))?.records[key % Page.SIZE];
  }

  set(record: JobRecord): void {
    const { key } = record;
    if (typeof key === 'string') this.#restored.set(key, record);
    else {
      const page = this.#page(Math.floor(key / Page.SIZE));
      page.records[key % Page.SIZE] = record;
      page.used++;
    }
  }

  delete({ key }: JobRecord): void {
    if (typeof key === 'string') {
      this.#restored.delete(key);
      return;
    }
    const number = Math.floor(key / Page.SIZE);
    const page = this.#page(number);
    page.records[key % Page.SIZE] = undefined;
    if (--page.used === 0) this.#pages.delete(number);
  }

  *[Symbol.iterator](): Generator<JobRecord> {
    yield* this.#restored.values();
    for (const { records } of this.#pages.values()) for (const record of records) if (record !== undefined) yield record;
  }

  #page(number: number): Page {
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = new Page();
      this.#pages.set(number, page);
    }
    return page;
  }
}

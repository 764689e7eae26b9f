/** Jobs that became ready at about the same time. */
interface Cohort {
  /** When the first and the last of them did, on `Clock.now`. */
  readonly since: number;
  until: number;
  waiting: number;
}

/** Jobs that become ready within so many milliseconds are not told apart. */
const RESOLUTION = 1;
/** And those whose difference is this part of their age. */
const PART = 1 / 50;
/** With so many cohorts it is time to see which of them need not be told apart any more. */
const MANY = 256;

/**
 * How long the oldest of many has waited, though they leave in any order: they are counted by when they came, coarser the
 * longer ago that was. Too much by 1 part in 50 at most, or 1 ms. A job costs two additions, however many wait; of those that
 * have come without a pause for days there are about a thousand cohorts.
 */
export class Ages {
  /** Oldest first; those in which nobody waits are let go when they are the oldest, or there are too many. */
  #cohorts: Cohort[] = [];
  /** The last of them. */
  #newest: Cohort | undefined;
  #many = MANY;

  /** Since when the oldest has waited; `undefined` when nobody does. */
  get oldest(): number | undefined {
    return this.#cohorts[0]?.since;
  }

  /** One became ready at that time: now, or earlier when it had been taken and comes back. */
  enter(since: number): void {
    const newest = this.#newest;
    if (newest === undefined || since >= newest.since + RESOLUTION) this.#open(since, this.#cohorts.length);
    else if (since >= newest.since) join(newest, since);
    else this.#returned(since);
  }

  /** One that became ready at that time waits no more. */
  leave(since: number): void {
    const newest = this.#newest as Cohort;
    const cohort = since >= newest.since ? newest : (this.#cohorts[this.#placeOf(since)] as Cohort);
    if (--cohort.waiting === 0 && cohort === this.#cohorts[0]) this.#dropEmpty();
  }

  #dropEmpty(): void {
    while (this.#cohorts[0]?.waiting === 0) this.#cohorts.shift();
    this.#newest = this.#cohorts.at(-1);
  }

  /** Others have come since: it goes where it belongs. */
  #returned(since: number): void {
    const place = this.#placeOf(since);
    const cohort = this.#cohorts[place];
    if (cohort !== undefined && (since <= cohort.until || since < cohort.since + RESOLUTION)) join(cohort, since);
    else this.#open(since, place + 1);
  }

  /** Of the cohort of that time; -1 when all are younger. */
  #placeOf(since: number): number {
    let low = 0;
    for (let high = this.#cohorts.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#cohorts[middle] as Cohort).since <= since) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #open(since: number, place: number): void {
    this.#cohorts.splice(place, 0, { since, until: since, waiting: 1 });
    if (this.#cohorts.length > this.#many) this.#coarsen();
    this.#newest = this.#cohorts.at(-1);
  }

  #coarsen(): void {
    this.#cohorts = together(this.#cohorts.filter(({ waiting }) => waiting > 0));
    this.#many = Math.max(MANY, 2 * this.#cohorts.length);
  }
}

function join(cohort: Cohort, since: number): void {
  cohort.waiting++;
  if (since > cohort.until) cohort.until = since;
}

/** Neighbours become one where that makes no difference worth telling, when the newest has just come. */
function together(cohorts: readonly Cohort[]): Cohort[] {
  const now = cohorts.at(-1)?.until ?? 0;
  const fewer: Cohort[] = [];
  for (const { since, until, waiting } of cohorts) {
    const last = fewer.at(-1);
    if (last === undefined || until - last.since > PART * (now - until)) fewer.push({ since, until, waiting });
    else {
      last.until = until;
      last.waiting += waiting;
    }
  }
  return fewer;
}

/** Jobs that became ready at about the same time. */
interface Cohort {
  /** When the first of them did, on `Clock.now`. */
  since: number;
  waiting: number;
}

/** Jobs that become ready within so many milliseconds are not told apart. */
const RESOLUTION = 1;
/** With more cohorts than this, neighbours become one. */
const MAX_COHORTS = 256;

/**
 * How long the oldest of many has waited, though they leave in any order: they are counted by when they came, coarser
 * the more time lies between the oldest and the newest. Exact while few wait; else too much by 1 part in 50, or 1 ms.
 * A job costs two additions, however many wait.
 */
export class Ages {
  /** Oldest first; those in which nobody waits are let go when they are the oldest, or there are too many. */
  #cohorts: Cohort[] = [];
  /** The last of them. */
  #newest: Cohort | undefined;

  /** Since when the oldest has waited; `undefined` when nobody does. */
  get oldest(): number | undefined {
    return this.#cohorts[0]?.since;
  }

  /** One became ready at that time: now, or earlier when it had been taken and comes back. */
  enter(since: number): void {
    const newest = this.#newest;
    if (newest === undefined || since >= newest.since + RESOLUTION) this.#open({ since, waiting: 1 }, this.#cohorts.length);
    else if (since >= newest.since) newest.waiting++;
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
    if (cohort !== undefined) cohort.waiting++;
    else this.#open({ since, waiting: 1 }, 0);
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

  #open(cohort: Cohort, place: number): void {
    this.#cohorts.splice(place, 0, cohort);
    if (this.#cohorts.length > MAX_COHORTS) this.#coarsen();
    this.#newest = this.#cohorts.at(-1);
  }

  #coarsen(): void {
    this.#cohorts = this.#cohorts.filter(({ waiting }) => waiting > 0);
    if (this.#cohorts.length > MAX_COHORTS / 2) this.#cohorts = inPairs(this.#cohorts);
  }
}

function inPairs(cohorts: readonly Cohort[]): Cohort[] {
  const pairs: Cohort[] = [];
  for (let at = 0; at < cohorts.length; at += 2) {
    const { since, waiting } = cohorts[at] as Cohort;
    pairs.push({ since, waiting: waiting + (cohorts[at + 1]?.waiting ?? 0) });
  }
  return pairs;
}

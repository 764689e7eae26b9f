/** Told of groups that have more room. */
export interface ShareWatcher {
  freed(shares: GroupShares, key: string | undefined): void;
}

/**
 * How many jobs of each group of a definition wait, where that is limited: delayed ones too, and those that were let in and are
 * not there yet. A group of which none waits costs nothing.
 */
export class GroupShares {
  watcher: ShareWatcher | undefined;
  readonly #waiting = new Map<string | undefined, number>();

  /** `max`: each group's share; see `GroupOptions.maxWaiting`. */
  constructor(readonly max: number) {}

  of(key: string | undefined): number {
    return this.#waiting.get(key) ?? 0;
  }

  /** So many more of a group wait, or fewer. */
  change(key: string | undefined, by: number): void {
    const waiting = this.of(key) + by;
    if (waiting === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, waiting);
    if (by < 0) this.watcher?.freed(this, key);
  }
}

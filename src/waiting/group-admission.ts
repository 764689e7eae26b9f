import { QueueFullError } from '../errors/errors.js';
import type { GroupShares, ShareWatcher } from '../job/group-shares.js';
import type { JobKind } from '../job/kind.js';
import { AdmissionLine, type Patience } from './admission-line.js';
import type { Request, Takers } from './admission-request.js';
import type { GroupKey } from './level.js';

/**
 * Holds the number of waiting jobs of each group at its share, where the definition says one: beyond it, adding waits in a line of the
 * group's own, or is refused. Those that free threads take at once do not count.
 */
export class GroupAdmission implements ShareWatcher {
  readonly #patience: Patience;
  readonly #lines = new Map<GroupShares, Map<GroupKey, AdmissionLine>>();
  /** Lines that may move. */
  readonly #freed = new Set<AdmissionLine>();
  #takers!: Takers;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  takenBy(takers: Takers): void {
    this.#takers = takers;
  }

  /** Why a request is refused, where nobody waits for room: the first of its groups that has none. */
  full({ kind, counts, delayed }: Request): QueueFullError | undefined {
    for (const [group, count] of counts) {
      const max = kind.shares?.max ?? Number.POSITIVE_INFINITY;
      if (count > this.#room(kind, group, delayed ? 0 : count)) return this.#full(kind, group, count, max);
    }
    return undefined;
  }

  /**
   * Calls `proceed` when there is room in the shares of all groups of a request, which is taken until that calls `release`; or when the
   * request was left.
   */
  claim<Accepted>(request: Request, proceed: (release: () => void) => Accepted | Promise<Accepted>): Accepted | Promise<Accepted> {
    const shares = request.kind.shares as GroupShares;
    // In one order for all: nobody waits for a share that another holds who waits for theirs.
    const counts = [...request.counts].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    const taken: [GroupKey, number][] = [];
    const release = () => {
      for (const [group, count] of taken) shares.change(group, -count);
    };
    const next = (): Accepted | Promise<Accepted> => {
      const one = counts[taken.length];
      if (one === undefined || request.left) return proceed(release);
      const take = () => {
        if (!request.left) taken.push(one);
        if (!request.left) shares.change(...one);
        return next();
      };
      const fits = () => this.#fits(request, ...one);
      const line = this.#lines.get(shares)?.get(one[0]);
      if (line === undefined && fits()) return take();
      return (line ?? this.#open(shares, one[0])).join(request, fits, take);
    };
    return next();
  }

  /** Some room was made: lets in who waits, as far as it goes. `everywhere`: threads are free, which may take of any group. */
  roomMade(everywhere: boolean): void {
    if (this.#lines.size === 0) return;
    if (everywhere) for (const lines of this.#lines.values()) for (const line of lines.values()) this.#freed.add(line);
    for (const line of this.#freed) {
      this.#freed.delete(line);
      line.roomMade();
    }
  }

  freed(shares: GroupShares, group: GroupKey): void {
    const line = this.#lines.get(shares)?.get(group);
    if (line !== undefined) this.#freed.add(line);
  }

  close(errorOf: () => Error): void {
    for (const lines of this.#lines.values()) for (const line of lines.values()) line.close(errorOf);
    this.#lines.clear();
  }

  /** More than ever fit may be added where there is room for one: nothing else of the group may ever leave. */
  #fits({ kind, delayed }: Request, group: GroupKey, count: number): boolean {
    const room = this.#room(kind, group, delayed ? 0 : count);
    return count <= room || (count > (kind.shares as GroupShares).max && room > 0);
  }

  /** How many more jobs of a group may be added, of which so many may start at once. */
  #room(kind: JobKind, group: GroupKey, startable: number): number {
    if (kind.shares === undefined) return Number.POSITIVE_INFINITY;
    return kind.shares.max - kind.shares.of(group) + this.#takers.takenOf(kind, group, startable);
  }

  #open(shares: GroupShares, group: GroupKey): AdmissionLine {
    const lines = this.#lines.get(shares) ?? new Map<GroupKey, AdmissionLine>();
    this.#lines.set(shares, lines);
    shares.watcher = this;
    const line = new AdmissionLine(this.#patience, () => this.#drop(shares, group, line));
    lines.set(group, line);
    return line;
  }

  /** A line that nobody stands in costs nothing. */
  #drop(shares: GroupShares, group: GroupKey, line: AdmissionLine): void {
    const lines = this.#lines.get(shares);
    if (lines?.get(group) !== line) return;
    lines.delete(group);
    this.#freed.delete(line);
    if (lines.size > 0) return;
    this.#lines.delete(shares);
    shares.watcher = undefined;
  }

  #full(kind: JobKind, group: GroupKey, count: number, max: number): QueueFullError {
    const { name: jobName } = kind.definition;
    return new QueueFullError(
      `${kind.shares?.of(group)} jobs of the group "${group}" wait, and ${count} more would be over group.maxWaiting (${max}) of job "${jobName}". Add later, raise it, or use whenFull: "wait".`,
      this.#takers.waitOf(kind, group),
      { jobName, ...(group !== undefined && { group }) },
    );
  }
}

import type { JobKind } from '../job/kind.js';
import type { Ask } from './admission-line.js';
import type { GroupKey } from './level.js';

/** What takes jobs at once, so that they do not wait. */
export interface Takers {
  /** How many threads would take a job now. */
  readonly free: number;
  /** How many jobs they may take. */
  readonly takeable: number;
  /** How many more of a definition and a group they might take beside those, whoever is free: limits may hold them back. */
  roomOf(kind: JobKind, group: GroupKey): number;
  /** How many jobs of a group they take, where so many more come to it. */
  takenOf(kind: JobKind, group: GroupKey, more: number): number;
  /** Milliseconds until a job of a definition and a group that is added now would be started. */
  waitOf(kind: JobKind, group?: GroupKey): number;
}

/** Jobs that somebody wants to add. */
export interface Request extends Ask {
  readonly kind: JobKind;
  readonly count: number;
  /** How many of which group. */
  readonly counts: ReadonlyMap<GroupKey, number>;
  /** What they take, where that is counted. */
  readonly bytes: number;
  /** They will wait though threads are free. */
  readonly delayed: boolean;
}

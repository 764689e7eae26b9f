import type { Attempt } from './attempt.js';
import type { Carrier } from './carrier.js';

/** What an attempt took of its thread, as far as that is known. */
export type Usage = Pick<Attempt, 'cpuTime' | 'heapUsed'>;

export const NO_ATTEMPTS: readonly Attempt[] = Object.freeze([]);

/** What few jobs have: kept apart, for a million jobs may wait. */
export class Rare {
  failedAttempts = NO_ATTEMPTS;
  /** The attempt that `active` was told of: a job that was taken back before it started goes out again, and is told of once. */
  toldActive = 0;
  /** How often its handler has put it off since an attempt last counted. */
  putOffs = 0;
  /** About how many bytes a result took that is not kept any more; 0 while it is. */
  droppedBytes = 0;
  progress: unknown;
  /** Last checkpoint; the next attempt finds it as `lastCheckpoint`. */
  checkpoint: unknown;
  /** The last lines that its handler logged. */
  logs: string[] | undefined;
  /** What the attempt took that completed it. */
  usage: Usage | undefined;
  /** What its handler finds its trace by, and what whoever makes its spans keeps of it. */
  carrier: Carrier | undefined;
  trace: object | undefined;
}

/** To write it. */
export function rareOf(record: { rare: Rare | undefined }): Rare {
  record.rare ??= new Rare();
  return record.rare;
}

/**
 * Gives a job what its next attempt finds its trace by, and what is kept for who makes its spans. To be called where
 * `added`, `retrying` or `failed` is told: later it may be on its way.
 */
export function carry(record: { rare: Rare | undefined }, carrier: Carrier | undefined, trace: object): void {
  const rare = rareOf(record);
  rare.carrier = carrier;
  rare.trace = trace;
}

/** What stays when its job begins anew: the trace that it is in. */
export function renewed(rare: Rare | undefined): Rare | undefined {
  if (rare?.trace === undefined) return undefined;
  const { carrier, trace } = rare;
  return Object.assign(new Rare(), { carrier, trace });
}

/** What few jobs have: kept apart, for a million jobs may wait. */
export class Rare {
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
}

/** To write it. */
export function rareOf(record: { rare: Rare | undefined }): Rare {
  record.rare ??= new Rare();
  return record.rare;
}

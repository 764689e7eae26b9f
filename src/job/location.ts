/** Where an active job is: on its thread in a batch, or since when (on {@link Clock.now}) its module loads or its handler runs there. */
export type Location = { phase: 'sent'; threadId: number } | { phase: 'loading' | 'running'; threadId: number; since: number };

/** Since when a job's handler runs, on {@link Clock.now}; `undefined` when it does not run. */
export function runningSince(location: Location | undefined): number | undefined {
  return location?.phase === 'running' ? location.since : undefined;
}

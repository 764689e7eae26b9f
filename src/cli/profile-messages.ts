import type { Profiler } from 'node:inspector';

/** The channel on which the command and the threads that it profiles speak. */
export const PROFILER = 'threadmill bench --profile';

/** Between two samples, in microseconds. */
export const SAMPLING_INTERVAL = 500;

export type ToProfiler = { type: 'start' } | { type: 'stop' };

export type FromProfiler =
  | { type: 'started'; threadId: number }
  /** Without a profile when it could not be taken. */
  | { type: 'profile'; threadId: number; profile: Profiler.Profile | undefined };

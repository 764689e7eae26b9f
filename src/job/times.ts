/**
 * Times of jobs on `Clock.now`, in milliseconds, in columns beside their records. In an object each would be an object
 * of its own to V8, written with a barrier and traced; in an array of doubles they are neither.
 */
export const TIME = {
  ADDED: 0,
  /** When it last became ready to run; waiting time counts from here. */
  READY: 1,
  /** When its last attempt was started. */
  STARTED: 2,
  /** How long that had waited for a thread. */
  WAITED: 3,
  /** How long it ran. */
  RAN: 4,
  /** When the job ended. */
  FINISHED: 5,
} as const;

export const TIMES = 6;

/** How many jobs share one array. */
export const PAGE = 64;

const EMPTY: number[] = Array.from({ length: PAGE * TIMES }, () => Number.NaN);

/** Times of so many jobs, none of them known. */
export function noTimes(jobs: number): number[] {
  return EMPTY.slice(0, jobs * TIMES);
}

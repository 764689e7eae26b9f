export type JobState = 'delayed' | 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled';

/** The only allowed moves; `move` in job.ts is the only one who makes them. */
export const MOVES: Readonly<Record<JobState, readonly JobState[]>> = {
  delayed: ['waiting', 'cancelled'],
  waiting: ['active', 'cancelled'],
  active: ['completed', 'delayed', 'waiting', 'failed', 'cancelled'],
  failed: ['waiting'],
  completed: [],
  cancelled: [],
};

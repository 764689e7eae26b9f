/**
 * Where a job is. `delayed`: waits for a time, its `delay` or the backoff after a failed attempt. `waiting`: for a thread.
 * `active`: was sent to one. `completed`, `cancelled`: ended for good. `failed`: a dead letter, which may be replayed.
 */
export type JobState = 'delayed' | 'waiting' | 'active' | 'completed' | 'failed' | 'cancelled';

/** Whether a job may go from one state to another. */
export function mayMove(from: JobState, to: JobState): boolean {
  switch (from) {
    case 'delayed':
      return to === 'waiting' || to === 'cancelled';
    case 'waiting':
      return to === 'active' || to === 'cancelled';
    case 'active':
      return to !== 'active';
    case 'failed':
      return to === 'waiting';
    default:
      return false;
  }
}

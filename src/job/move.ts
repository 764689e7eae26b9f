import type { JobRecord } from './record.js';
import { type JobState, mayMove } from './state.js';

/** Registers a new job's first state in the counts. */
export function enter(record: JobRecord, state: 'waiting' | 'delayed'): void {
  record.state = state;
  record.kind.enters(state);
  if (record.bytes > 0 || record.kind.shares !== undefined) takeRoom(record, 1);
}

/** Moves a job to another state. The only writer of `state` after {@link enter}; a move that {@link mayMove} lacks is a bug and throws. */
export function move(record: JobRecord, to: JobState): void {
  const { state, kind } = record;
  if (!mayMove(state, to)) throw new Error(`threadmill bug: job ${record.id} cannot go from ${state} to ${to}`);
  kind.leaves(state);
  record.state = to;
  kind.enters(to);
  if (record.bytes > 0 || kind.shares !== undefined) takeRoom(record, Number(waits(to)) - Number(waits(state)));
  kind.owner.watcher?.check();
}

/** It takes room among those that wait, by 1, or no more, by -1. */
function takeRoom({ kind, bytes, group }: JobRecord, by: number): void {
  kind.owner.waitingBytes += bytes * by;
  if (by !== 0) kind.shares?.change(group, by);
}

/** Whether a job in this state takes room among those that wait. */
export function waits(state: JobState): boolean {
  return state === 'waiting' || state === 'delayed';
}

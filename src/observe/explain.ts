import type { JobRecord } from '../job/record.js';
import type { Runner } from '../threads/runner.js';
import type { Clock } from '../time/clock.js';
import type { Delays } from '../waiting/delays.js';
import type { WaitingJobs } from '../waiting/waiting-jobs.js';

/**
 * Why a job waits. `paused`: the queue is. `definition-paused`: its definition is. `concurrency`, `rate-limit`: its
 * definition's limit is reached. `group-concurrency`, `group-rate-limit`: its group's is. `zombies`: terminated threads that native code holds fill the places of new ones.
 * `threads-starting`: no thread has booted and loaded the queue's jobs yet. `threads-busy`: all run other jobs. `next`:
 * a thread is free, and the job is sent as soon as the code that runs now returns.
 */
export type WaitReason =
  | 'paused'
  | 'definition-paused'
  | 'concurrency'
  | 'rate-limit'
  | 'group-concurrency'
  | 'group-rate-limit'
  | 'zombies'
  | 'threads-starting'
  | 'threads-busy'
  | 'next';

/** Where a job is on its way, and why it is not running yet. Times in milliseconds since 1970. */
export type Explanation =
  /** `position`: how many jobs that wait come before it, by priority and arrival; 0 for the first. */
  | { state: 'waiting'; reason: WaitReason; position: number }
  /** `delay`: as `add` said. `backoff`: its last attempt failed. `snoozed`: its handler put it off. */
  | { state: 'delayed'; reason: 'delay' | 'backoff' | 'snoozed'; runAt: number }
  /** Its last attempt was terminated, but native code still holds that thread; the job never runs beside itself. */
  | { state: 'delayed'; reason: 'thread-not-gone' }
  /** Sent to a thread, not started: jobs that were sent before come before it. */
  | { state: 'active'; phase: 'sent'; threadId: number | undefined }
  /** Its module loads, or its handler runs, since then and for so many milliseconds. */
  | { state: 'active'; phase: 'loading' | 'running'; threadId: number; since: number; ranFor: number }
  | { state: 'completed' | 'failed' | 'cancelled'; finishedAt: number };

/** The parts of a queue that know where its jobs are. */
export interface Places {
  waiting: WaitingJobs;
  delays: Delays;
  runner: Runner;
  clock: Clock;
}

/** Says where a job is and what it waits for. */
export function explain(record: JobRecord, places: Places): Explanation {
  switch (record.state) {
    case 'waiting':
      return { state: 'waiting', reason: waitReason(record, places), position: positionOf(record, places.waiting) };
    case 'delayed':
      return explainDelay(record, places);
    case 'active':
      return explainActive(record, places);
    default:
      return { state: record.state, finishedAt: record.finishedAt as number };
  }
}

function waitReason(record: JobRecord, { waiting, runner }: Places): WaitReason {
  if (waiting.paused) return 'paused';
  if (record.kind.paused) return 'definition-paused';
  const limit = waiting.heldBy(record);
  if (limit !== undefined) return limit;
  return runner.holdup ?? 'next';
}

function positionOf(record: JobRecord, waiting: WaitingJobs): number {
  let position = 0;
  for (const one of waiting) {
    if (one === record) break;
    position++;
  }
  return position;
}

function explainDelay(record: JobRecord, { delays, clock }: Places): Explanation {
  const due = delays.dueAt(record);
  if (due === undefined) return { state: 'delayed', reason: 'thread-not-gone' };
  return { state: 'delayed', reason: delayReason(record), runAt: clock.wallTime() + due - clock.now() };
}

function delayReason({ attempt, putOffs }: JobRecord): 'delay' | 'backoff' | 'snoozed' {
  if (putOffs > 0) return 'snoozed';
  return attempt === 0 ? 'delay' : 'backoff';
}

function explainActive(record: JobRecord, { runner, clock }: Places): Explanation {
  const location = runner.locate(record);
  if (location === undefined || location.phase === 'sent') return { state: 'active', phase: 'sent', threadId: location?.threadId };
  const ranFor = clock.now() - location.since;
  return { state: 'active', phase: location.phase, threadId: location.threadId, since: clock.wallTime() - ranFor, ranFor };
}

import { rareOf } from '../job/rare.js';
import type { JobRecord } from '../job/record.js';
import type { Announcer } from './announcer.js';

/** Tells once of each attempt that it was sent to a thread: a job that was taken back before it started goes out again. */
export function announceActive(announcer: Announcer, records: readonly JobRecord[]): void {
  // A copy: a listener may cancel jobs of the batch.
  for (const record of announcer.isHeard('active') ? [...records] : []) {
    if (record.state !== 'active' || record.rare?.toldActive === record.attempt) continue;
    rareOf(record).toldActive = record.attempt;
    announcer.announceJob('active', record);
  }
}

/** Tells that a job has ended; of a dead letter also which one made room for it, or else that there are many. */
export function announceEnded(
  announcer: Announcer,
  record: JobRecord,
  state: 'completed' | 'failed' | 'cancelled',
  evicted: JobRecord | undefined,
  deadLetters: { readonly size: number; readonly isAlarming: boolean },
): void {
  if (state !== 'failed') return announcer.announceJob(state, record);
  announcer.announceJob('failed', record, record.error);
  if (!record.deadLetter) return;
  if (evicted !== undefined) announcer.announceJob('evicted', evicted);
  else if (deadLetters.isAlarming) announcer.announceJob('dead-letter-alert', record, deadLetters.size);
}

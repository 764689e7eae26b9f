import type { Outcome } from './attempt.js';
import type { Usage } from './rare.js';
import { rareOf } from './rare.js';
import type { JobRecord } from './record.js';

/** What the record and the counts of its definition keep of an attempt that did not complete the job. */
export function noteEnd(
  record: JobRecord,
  end: {
    outcome: Outcome;
    error: unknown;
    started: boolean;
    startedAt: number;
    duration: number;
    threadId: number;
    usage?: Usage | undefined;
  },
): void {
  const { outcome, error, started, duration } = end;
  const waited = record.ran(end.startedAt, duration, end.threadId);
  record.failed(outcome, error, end.usage);
  record.kind.count(outcome);
  // An interrupted one may not have come to its end.
  if (started && outcome !== 'interrupted') record.kind.recordRun(waited, duration);
}

/** Of one that its handler has put off: it does not count as an attempt. */
export function notePutOff(record: JobRecord): void {
  const rare = rareOf(record);
  record.attempt--;
  rare.toldActive = 0;
  rare.putOffs++;
  record.kind.totals.snoozed++;
}

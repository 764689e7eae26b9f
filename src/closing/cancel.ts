import { type Check, checked, object, oneOf, optional, string } from '../checks/checks.js';
import { cancelled, LateError } from '../job/cancelled.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';

/** Which living jobs; all of them where it says nothing. */
export interface CancelFilter {
  /** Name of their definition. */
  name?: string;
  /** Of this group. */
  group?: string;
  /** In this state. */
  state?: 'delayed' | 'waiting' | 'active';
}

const cancelFilter: Check<CancelFilter> = object({
  name: optional(string),
  group: optional(string),
  state: optional(oneOf('delayed', 'waiting', 'active')),
});

const REASON = 'queue.cancel';
const ERROR = new LateError((job) => cancelled(job, REASON));

interface Parts {
  readonly register: Register;
  readonly announcer: Announcer;
  readonly lifecycle: Lifecycle;
}

/** Cancels the jobs that match; nobody hears of it before the last of them is. Gives how many there were. Throws `OptionsError`. */
export function cancelMatching(filter: CancelFilter, { register, announcer, lifecycle }: Parts): number {
  const { name, group, state } = checked(cancelFilter, filter, 'cancel');
  const matches = (record: JobRecord) =>
    !record.ended &&
    (name === undefined || record.kind.definition.name === name) &&
    (group === undefined || record.group === group) &&
    (state === undefined || record.state === state);
  // A copy: they leave while they are cancelled.
  const found = [...register.jobs].filter(matches);
  return announcer.change(() => {
    let count = 0;
    for (const record of found) {
      if (record.state === 'active' && !lifecycle.cancel(record, REASON)) continue;
      if (record.state !== 'active' && !record.ended) lifecycle.giveUp(record, ERROR);
      count++;
    }
    return count;
  });
}

import { type Check, count, functionOf, number, object, optional, whole } from '../checks/checks.js';

/** Whose jobs of a definition are one group, and what holds for each group. */
export interface GroupOptions<Input = any> {
  /**
   * The key of a job's group, such as the id of a user, from its input as the schema returned it. Among waiting jobs of
   * equal priority groups take turns, and within a group the order of arrival holds. `add`'s option `group` comes first.
   */
  key: (input: Input) => string;
  /** At most so many jobs of one group are active at once; 1 is "one after the other per key". Default no limit. */
  concurrency?: number;
  /** At most `max` starts of one group in any window of `duration` milliseconds. Default no limit. */
  rateLimit?: { max: number; duration: number };
  /**
   * Each group's share of the waiting room: at most so many of its jobs wait or are delayed, those not counted that free threads take at
   * once. Beyond it that group's `add` waits or is refused, as the queue's `whenFull` says, and nobody else's. 0 is allowed. Default no limit.
   */
  maxWaiting?: number;
}

export const checkGroup: Check<GroupOptions> = object({
  key: functionOf(' (input) => string'),
  concurrency: optional(count),
  rateLimit: optional(object({ max: count, duration: number(1) })),
  maxWaiting: optional(whole),
});

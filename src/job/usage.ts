import type { Attempt } from './attempt.js';

/** What an attempt took of its thread, as far as that is known. */
export type Usage = Pick<Attempt, 'cpuTime' | 'heapUsed'>;

/** Of the attempts that completed jobs. Beside their records: it is known of few, and a field would cost all. */
const usages = new WeakMap<object, Usage>();

export function usageOf(record: object): Usage | undefined {
  return usages.get(record);
}

export function keepUsage(record: object, usage: Usage): void {
  usages.set(record, usage);
}

import type { Reports, Work } from './runner.js';
import type { Slot } from './slot.js';

/** Takes back what was sent ahead where a job of higher priority would wait for it longer than for one batch. */
export function makeWay(threads: Iterable<Slot>, head: Work | undefined, reports: Reports): void {
  if (head !== undefined) takeBack(threads, reports, ({ jobs }) => jobs.delays(head.priority));
}

/** Takes back what was sent ahead where a job like this one is among it: of its definition, and of its group where it has one. */
export function takeBackLike({ kind, group }: Work, threads: Iterable<Slot>, reports: Reports): void {
  const isLike = (work: Work) => work.kind === kind && (group === undefined || work.group === group);
  takeBack(threads, reports, ({ jobs }) => jobs.holdsBack && jobs.from(jobs.started + 1).some(isLike));
}

function takeBack(threads: Iterable<Slot>, reports: Reports, where: (slot: Slot) => boolean): void {
  for (const slot of threads) if (slot.state === 'busy' && where(slot)) reports.returned(slot.jobs.withdraw());
}

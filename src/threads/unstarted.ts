import type { Outcome } from '../job/attempt.js';
import type { Source } from './batch.js';
import type { Reports, Work } from './runner.js';

/** Ends jobs that wait, and that no thread can be had for. */
export class Unstarted {
  readonly #source: Source;
  readonly #reports: Reports;

  constructor(source: Source, reports: Reports) {
    this.#source = source;
    this.#reports = reports;
  }

  /** All of them, each with an error of its own: it gets the job's facts. */
  endAll(outcome: Outcome, error: () => Error, now: number): void {
    // Not those that listeners add now.
    for (let { size } = this.#source; size > 0 && this.#source.head !== undefined; size--) {
      const work = this.#source.take();
      // Its limit refused it: another job is the head now.
      if (work !== undefined) this.#end(work, outcome, error(), now);
    }
  }

  /** Those of one kind. */
  endKind(kind: Work['kind'], outcome: Outcome, error: () => Error, now: number): void {
    for (const work of [...this.#source]) {
      // A listener may have ended it.
      if (work.kind !== kind || !this.#source.has(work)) continue;
      this.#source.remove(work);
      this.#end(work, outcome, error(), now);
    }
  }

  #end(work: Work, outcome: Outcome, error: Error, now: number): void {
    this.#reports.started(work);
    this.#reports.ended(work, { outcome, error, startedAt: now, duration: 0, threadId: 0, started: false });
  }
}

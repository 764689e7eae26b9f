import { CrashError } from '../errors.js';
import type { Outcome } from '../job/attempt.js';
import { loadTimeoutError } from './attempt-errors.js';
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

  /** No thread can be had: all of them fail, instead of waiting for ever, each with an error of its own, for it gets the job's facts. */
  cannotBoot({ message, reason, exitCode, cause }: CrashError, now: number): void {
    // Not those that listeners add now.
    for (let { size } = this.#source; size > 0 && this.#source.head !== undefined; size--) {
      const work = this.#source.take();
      // Its limit refused it: another job is the head now.
      if (work !== undefined) this.#end(work, 'crashed', new CrashError(message, reason, exitCode, { cause }), now);
    }
  }

  /** The module of a kind did not load where nothing else ran: who waits for it need not wait longer. */
  notLoading(kind: Work['kind'], now: number): void {
    for (const work of [...this.#source]) {
      // A listener may have ended it.
      if (work.kind !== kind || !this.#source.has(work)) continue;
      this.#source.remove(work);
      this.#end(work, 'failed', loadTimeoutError(kind.definition), now);
    }
  }

  #end(work: Work, outcome: Outcome, error: Error, now: number): void {
    this.#reports.started(work);
    this.#reports.ended(work, { outcome, error, startedAt: now, duration: 0, threadId: 0, started: false });
  }
}

import type { JobRecord } from '../job/job.js';

/** Signals given to `add`: one listener each, however many jobs share it, and none once its last job has ended. */
export class Signals {
  readonly #watched = new Map<AbortSignal, { jobs: Set<JobRecord>; listener: () => void }>();
  readonly #cancel: (record: JobRecord, reason: unknown) => void;

  constructor(cancel: (record: JobRecord, reason: unknown) => void) {
    this.#cancel = cancel;
  }

  watch(record: JobRecord, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.jobs.add(record);
      return;
    }
    const jobs = new Set([record]);
    const listener = () => {
      this.#watched.delete(signal);
      for (const job of jobs) this.#cancel(job, signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    this.#watched.set(signal, { jobs, listener });
  }

  forget(record: JobRecord, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.jobs.delete(record);
    if (watched.jobs.size > 0) return;
    signal.removeEventListener('abort', watched.listener);
    this.#watched.delete(signal);
  }
}

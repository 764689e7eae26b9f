import type * as internals from '../internals.js';
import type { TakenJob } from './taken-job.js';

/** Jobs that this process has taken and no thread has yet, in the order in which Redis gave them. */
export class Taken implements internals.Source {
  #jobs: TakenJob[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  get head(): TakenJob | undefined {
    return this.#jobs[0];
  }

  /** Limits are BullMQ's. */
  readonly overtakes = false;

  [Symbol.iterator](): Iterator<TakenJob> {
    return this.#jobs[Symbol.iterator]();
  }

  push(job: TakenJob): void {
    this.#jobs.push(job);
  }

  /** To the front again, in their order. */
  putBack(jobs: readonly TakenJob[]): void {
    this.#jobs = [...jobs, ...this.#jobs].sort((a, b) => a.order - b.order);
  }

  take(): TakenJob | undefined {
    return this.#jobs.shift();
  }

  takeAll(): TakenJob[] {
    return this.#jobs.splice(0);
  }

  has(job: internals.Work): boolean {
    return this.#jobs.includes(job as TakenJob);
  }

  remove(job: internals.Work): void {
    this.#jobs = this.#jobs.filter((one) => one !== job);
  }
}

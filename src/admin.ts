import type { Ended } from './ended/ended.js';
import type { JobDefinition } from './job/definition.js';
import type { Register } from './job/register.js';

/** What a page needs that shows jobs, adds them by the names of their definitions, and removes what it shows. */
export class Admin {
  readonly #register: Register;
  readonly #ended: Ended;

  constructor(register: Register, ended: Ended) {
    this.#register = register;
    this.#ended = ended;
  }

  /** The definitions that the queue knows. */
  get definitions(): readonly JobDefinition[] {
    return [...this.#register.kinds].map(({ definition }) => definition);
  }

  /** A job that has ended is not kept any longer; false when there is none. */
  forget(id: string): boolean {
    const record = this.#register.jobs.get(id);
    if (record === undefined || !record.ended) return false;
    this.#ended.delete(record);
    this.#register.forget(record);
    return true;
  }
}

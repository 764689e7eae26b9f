import type { Ended } from '../ended/ended.js';
import type { JobDefinition } from '../job/definition.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';

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

  /** Ended jobs are not kept any longer; gives how many of these there were. */
  forget(ids: readonly string[]): number {
    const known = ids.map((id) => this.#register.jobs.get(id));
    const gone = new Set(known.filter((record) => record?.ended) as JobRecord[]);
    this.#ended.delete(gone);
    for (const record of gone) this.#register.forget(record);
    return gone.size;
  }
}

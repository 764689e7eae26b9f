import type { Ended } from '../ended/ended.js';
import { OptionsError } from '../errors/errors.js';
import type { PostMortem } from '../errors/post-mortem.js';
import { handleOf, type Job } from '../job/job.js';
import type { Jobs } from '../job/jobs.js';
import { checkListOptions, type ListOptions, partOf } from '../job/list-options.js';
import type { JobRecord } from '../job/record.js';
import type { JobState } from '../job/state.js';
import { type Explanation, explain, type Places } from './explain.js';

/** An {@link Explanation}; of a running job also where in its code it is, as in a post-mortem. */
export type Inspection = Explanation & { where?: PostMortem };

/** All places where a queue's jobs are. */
export interface AllPlaces extends Places {
  jobs: Jobs;
  ended: Ended;
}

/** Shows the jobs of a queue. */
export class Overview {
  readonly #places: AllPlaces;

  constructor(places: AllPlaces) {
    this.#places = places;
  }

  get(id: string): Job | undefined {
    const record = this.#places.jobs.get(id);
    return record && handleOf(record);
  }

  /** Throws `OptionsError`. */
  list(state: JobState, options: ListOptions): Job[] {
    return partOf(this.#in(state), checkListOptions(options, 'list')).map(handleOf);
  }

  explain(id: string): Explanation | undefined {
    const record = this.#places.jobs.get(id);
    return record && explain(record, this.#places);
  }

  async inspect(id: string): Promise<Inspection | undefined> {
    const record = this.#places.jobs.get(id);
    if (record === undefined) return undefined;
    const where = await this.#places.runner.inspect(record);
    return { ...explain(record, this.#places), ...(where && { where }) };
  }

  #in(state: JobState): Iterable<JobRecord> {
    switch (state) {
      case 'waiting':
        return this.#places.waiting;
      case 'delayed':
        return this.#places.delays;
      case 'active':
        return this.#places.runner.active() as JobRecord[];
      case 'completed':
      case 'failed':
      case 'cancelled':
        return this.#places.ended[state];
      default:
        throw new OptionsError(`list: expected one of delayed, waiting, active, completed, failed, cancelled; given ${String(state)}`);
    }
  }
}

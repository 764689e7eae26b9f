import type { AddOptions } from '../job/add-options.js';
import { handleOf, type Job } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import { monotonicNow } from '../time/clock.js';
import { setImmediate } from '../time/timers.js';

/** Longest time that a large call takes from everybody else at once, in milliseconds. */
const SLICE = 5;

/** Work of many steps, done in slices: between two of them others have their turn. */
export class Slices {
  #until = monotonicNow() + SLICE;

  get over(): boolean {
    return monotonicNow() >= this.#until;
  }

  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    this.#until = monotonicNow() + SLICE;
  }
}

/** What the jobs of one call are made of. */
export interface Parsed {
  readonly inputs: unknown[];
  /** What each takes, where that is counted. */
  readonly bytes: number[];
  readonly settings: AddOptions | undefined;
  /** Of jobs whose group comes from their input. */
  readonly each: (AddOptions | undefined)[] | undefined;
  /** How many of which group. */
  readonly counts: Map<string | undefined, number>;
}

/** The jobs of one call, accepted all, which come in some at a time. */
export class Bulk {
  readonly #inputs: unknown[];
  readonly #enter: (input: unknown, place: number) => Job;
  readonly #register: Register;
  readonly #jobs: Job[];
  #next = 0;

  /** `settings`: of all of them, or of each; `since` makes them those of jobs that have waited to be let in. */
  constructor(
    register: Register,
    lifecycle: Lifecycle,
    kind: JobKind,
    { inputs, bytes, settings, each, counts }: Parsed,
    since: (settings: AddOptions | undefined) => AddOptions | undefined,
  ) {
    this.#inputs = inputs;
    this.#jobs = new Array(inputs.length);
    this.#register = register;
    this.#enter = (input, place) => {
      const own = each === undefined ? settings : each[place];
      kind.shares?.change(own?.group, -1);
      const record = lifecycle.enter(kind, input, since(own), false);
      register.waitingBytes -= bytes[place] ?? 0;
      const job = handleOf(record);
      // It was aborted since the first of them came in.
      if (settings?.signal?.aborted) job.cancel(settings.signal.reason);
      return job;
    };
    register.incoming += inputs.length;
    register.waitingBytes += sum(bytes);
    for (const [group, count] of counts) kind.shares?.change(group, count);
  }

  /** Resolves with the jobs when all are in. */
  async enter(): Promise<Job[]> {
    const slices = new Slices();
    while (this.#next < this.#inputs.length) {
      this.#enterOne();
      if (slices.over) await slices.next();
    }
    return this.#jobs;
  }

  /** The queue closes: all that are left come in now. */
  finish(): void {
    while (this.#next < this.#inputs.length) this.#enterOne();
  }

  #enterOne(): void {
    // Before it is entered: a listener may close the queue.
    const place = this.#next++;
    this.#register.incoming--;
    this.#jobs[place] = this.#enter(this.#inputs[place], place);
    this.#inputs[place] = undefined;
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

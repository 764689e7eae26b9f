import { boolean, checked, count, openObject, optional, orInfinity, time } from '../checks/checks.js';
import type { AddOptions } from '../job/add-options.js';
import type { Job } from '../job/job.js';
import { type Clock, KeepAlive, type Timer } from '../time/clock.js';
import { type ScheduleOptions, type Times, timesOf } from './schedule-times.js';

/** A job that is added again and again. */
export interface Schedule {
  /** When it is added next, in milliseconds since 1970; `undefined` when never again: it was stopped, its pattern has no further date, or its `limit` or `until` is reached. */
  readonly next: number | undefined;
  /** Adds no more; what was added goes on. */
  stop(): void;
  /**
   * Adds a run now, beside those of its times, and resolves with its job; unless `overlap`, with that of the last run while it still
   * waits or runs. Rejects as `add` does.
   */
  trigger(): Promise<Job>;
}

/** How a schedule adds its runs; all have defaults. Those of its jobs are as `add` takes them. */
export interface RepeatOptions extends Omit<AddOptions, 'delay' | 'idempotencyKey' | 'transfer' | 'signal'> {
  /** Whether a run is added while the last one still waits or runs. Default `false`: that time is left out. */
  overlap?: boolean;
  /** Adds the first run at once, and then at its times. Default `false`. */
  immediately?: boolean;
  /** At most so many runs; those left out, and those of `trigger()`, do not count. Default no limit. */
  limit?: number;
  /** No run after this: milliseconds since 1970, or a Date. Default none. */
  until?: number | Date;
}

const repeated = openObject({
  overlap: optional(boolean, false),
  immediately: optional(boolean, false),
  limit: optional(orInfinity(count), Number.POSITIVE_INFINITY),
  until: optional(time, Number.POSITIVE_INFINITY),
});

/** Those of the schedule, and those of its jobs. Throws {@link OptionsError}. */
export function repeatOptions(options: RepeatOptions, where: string): { repeat: Repeat; ofJobs: AddOptions } {
  const { overlap, immediately, limit, until, ...ofJobs } = checked(repeated, options, where);
  return { repeat: { overlap, immediately, limit, until: Number(until) }, ofJobs };
}

/** When runs are added, beyond their times. */
export type Repeat = Required<Pick<RepeatOptions, 'overlap' | 'immediately' | 'limit'>> & { readonly until: number };

const ONCE_A_TIME: Repeat = { overlap: false, immediately: false, limit: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/** Longest time between two checks of the wall clock, in milliseconds: it may be set while a timer runs. */
const CHECK_EVERY = 60_000;

/** One schedule: its times, its timer, and the job it added last. */
class Entry implements Schedule {
  #timer: Timer | undefined;
  #stopped = false;
  #runs = 0;
  /** The job added last, or that it is being added. */
  #last: Job | Promise<Job> | undefined;

  constructor(
    private readonly times: Times,
    private readonly repeat: Repeat,
    private readonly clock: Clock,
    private readonly add: () => Promise<Job>,
    private readonly failed: (error: unknown) => void,
    private readonly ended: (entry: Entry) => void,
  ) {
    if (repeat.immediately) this.#run();
    this.#arm();
  }

  get next(): number | undefined {
    if (this.#stopped || this.#runs >= this.repeat.limit) return undefined;
    const next = this.times.next();
    return next !== undefined && next <= this.repeat.until ? next : undefined;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.clock.clearTimeout(this.#timer);
    this.ended(this);
  }

  trigger(): Promise<Job> {
    const run = this.#isBusy ? Promise.resolve(this.#last as Job | Promise<Job>) : this.#add();
    // Who does not ask what becomes of it need not catch what it rejects with.
    run.catch(() => {});
    return run;
  }

  #arm(): void {
    if (this.next === undefined) return this.stop();
    this.#timer = this.clock.setTimeout(() => this.#check(), Math.min(this.times.remaining(), CHECK_EVERY));
  }

  #check(): void {
    if (this.times.remaining() <= 0) {
      this.times.pass();
      if (!this.#isBusy) this.#run();
    }
    if (!this.#stopped) this.#arm();
  }

  /** Whether the last run has not ended, and no other may be beside it. */
  get #isBusy(): boolean {
    const last = this.#last;
    if (this.repeat.overlap || last === undefined) return false;
    return last instanceof Promise || last.state === 'waiting' || last.state === 'delayed' || last.state === 'active';
  }

  #run(): void {
    this.#runs++;
    this.#add().catch((error: unknown) => {
      if (!this.#stopped || this.#runs >= this.repeat.limit) this.failed(error);
    });
  }

  async #add(): Promise<Job> {
    const adding = this.add();
    this.#last = adding;
    let job: Job | undefined;
    try {
      job = await adding;
      return job;
    } finally {
      if (this.#last === adding) this.#last = job;
    }
  }
}

/** The schedules of a queue. As long as there is one, the process stays alive. */
export class Schedules {
  readonly #clock: Clock;
  readonly #entries = new Set<Entry>();
  readonly #keepAlive: KeepAlive;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#keepAlive = new KeepAlive(clock);
  }

  /** Calls `add` whenever it is time, as `repeat` says; `failed` gets what it rejects with. Throws {@link OptionsError}. */
  start(
    name: string,
    when: ScheduleOptions,
    add: () => Promise<Job>,
    failed: (error: unknown) => void,
    repeat: Repeat = ONCE_A_TIME,
  ): Schedule {
    const times = timesOf(when, this.#clock, `schedule(${name})`);
    const entry: Entry = new Entry(times, repeat, this.#clock, add, failed, (one) => this.#ended(one));
    if (entry.next !== undefined) {
      this.#entries.add(entry);
      this.#keepAlive.hold();
    }
    return entry;
  }

  /** Stops them all. */
  close(): void {
    for (const entry of this.#entries) entry.stop();
  }

  #ended(entry: Entry): void {
    this.#entries.delete(entry);
    if (this.#entries.size === 0) this.#keepAlive.release();
  }
}

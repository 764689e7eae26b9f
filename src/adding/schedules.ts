import { type Clock, KeepAlive, type Timer } from '../clock.js';
import type { Job } from '../job/job.js';
import { type ScheduleOptions, type Times, timesOf } from './schedule-times.js';

/** A job that is added again and again. */
export interface Schedule {
  /** When it is added next, in milliseconds since 1970; `undefined` when never again: it was stopped, or its pattern has no further date. */
  readonly next: number | undefined;
  /** Adds no more; what was added goes on. */
  stop(): void;
}

/** Longest time between two checks of the wall clock, in milliseconds: it may be set while a timer runs. */
const CHECK_EVERY = 60_000;
/** One schedule: its times, its timer, and the job it added last. */
class Entry implements Schedule {
  #timer: Timer | undefined;
  #stopped = false;
  /** The job added last, or that it is being added. */
  #last: Job | 'adding' | undefined;

  constructor(
    private readonly times: Times,
    private readonly clock: Clock,
    private readonly add: () => Promise<Job>,
    private readonly failed: (error: unknown) => void,
    private readonly ended: (entry: Entry) => void,
  ) {
    this.#arm();
  }

  get next(): number | undefined {
    return this.#stopped ? undefined : this.times.next();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.clock.clearTimeout(this.#timer);
    this.ended(this);
  }

  #arm(): void {
    if (this.times.next() === undefined) return this.stop();
    this.#timer = this.clock.setTimeout(() => this.#check(), Math.min(this.times.remaining(), CHECK_EVERY));
  }

  #check(): void {
    if (this.times.remaining() <= 0) {
      this.times.pass();
      if (!this.#isWaiting) void this.#run();
    }
    if (!this.#stopped) this.#arm();
  }

  /** Whether the last run has not been started yet, or waits to be tried again. */
  get #isWaiting(): boolean {
    const last = this.#last;
    return last === 'adding' || (last !== undefined && (last.state === 'waiting' || last.state === 'delayed'));
  }

  async #run(): Promise<void> {
    this.#last = 'adding';
    try {
      this.#last = await this.add();
    } catch (error) {
      this.#last = undefined;
      if (!this.#stopped) this.failed(error);
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

  /** Calls `add` whenever it is time, unless the job that it gave last still waits; `failed` gets what it rejects with. Throws {@link OptionsError}. */
  start(name: string, options: ScheduleOptions, add: () => Promise<Job>, failed: (error: unknown) => void): Schedule {
    const times = timesOf(options, this.#clock, `schedule(${name})`);
    const entry: Entry = new Entry(times, this.#clock, add, failed, (one) => this.#ended(one));
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

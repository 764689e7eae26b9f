import { Cron } from 'croner';
import { z } from 'zod';
import { checkOptions } from '../check-options.js';
import type { Clock, Timer } from '../clock.js';
import { OptionsError } from '../errors.js';
import type { Job } from '../job/job.js';
import { clearInterval, setInterval } from '../timers.js';

/**
 * When a schedule adds its job. `cron`: five to seven fields (seconds first where there are six), as croner reads them,
 * in `timezone` (an IANA name; default the machine's). `every`: milliseconds, counted from the call of `schedule`.
 */
export type ScheduleOptions = { cron: string; timezone?: string } | { every: number };

/** A job that is added again and again. */
export interface Schedule {
  /** When it is added next; `null` when never again: it was stopped, or its pattern has no further date. */
  readonly next: Date | null;
  /** Adds no more; what was added goes on. */
  stop(): void;
}

const schema = z.union(
  [
    z.strictObject({ cron: z.string(), timezone: z.string().min(1).optional() }),
    z.strictObject({ every: z.number().min(1).refine(Number.isFinite) }),
  ],
  'expected { cron: string, timezone?: string } or { every: milliseconds from 1 }',
);

/** Longest time between two looks at the wall clock, in milliseconds: it may be set while a timer runs. */
const LOOK_EVERY = 60_000;
/** A wall clock set back by less than this, in milliseconds, runs nothing twice; by more, it is taken at its word. As Vixie cron does. */
const SMALL_STEP_BACK = 3 * 3_600_000;

/** Knows the times of a schedule. */
interface Times {
  /** Milliseconds since 1970 of the first time after the last {@link pass}; `undefined` when there is none. */
  next(): number | undefined;
  /** Milliseconds until then; 0 or less when it is there. */
  left(): number;
  /** The time has come: on to the first one after now. Times that have been missed are left out. */
  pass(): void;
}

/** start + n · every on the monotonic clock: neither late timers nor a wall clock that is set move it. */
class Interval implements Times {
  #due: number;

  constructor(
    private readonly every: number,
    private readonly clock: Clock,
  ) {
    this.#due = clock.now() + every;
  }

  next(): number {
    return Math.round(this.clock.wallTime() + this.left());
  }

  left(): number {
    return this.#due - this.clock.now();
  }

  pass(): void {
    this.#due += this.every * (Math.floor(Math.max(0, -this.left()) / this.every) + 1);
  }
}

/** The times of a cron pattern, on the wall clock. */
class Calendar implements Times {
  readonly #cron: Cron;
  #due: number | undefined;

  /** Throws what croner throws on a bad pattern or time zone. */
  constructor(
    { cron, timezone }: { cron: string; timezone?: string | undefined },
    private readonly clock: Clock,
  ) {
    this.#cron = new Cron(cron, { paused: true, ...(timezone !== undefined && { timezone }) });
    this.#due = this.#after(clock.wallTime());
  }

  next(): number | undefined {
    return this.#due;
  }

  left(): number {
    const now = this.clock.wallTime();
    // The clock was set back by far: what is next now comes before what was.
    if (this.#due !== undefined && this.#due - now > SMALL_STEP_BACK) this.#due = this.#after(now);
    return this.#due === undefined ? Number.POSITIVE_INFINITY : this.#due - now;
  }

  pass(): void {
    this.#due = this.#after(Math.max(this.clock.wallTime(), this.#due ?? 0));
  }

  #after(time: number): number | undefined {
    return this.#cron.nextRun(new Date(time))?.getTime();
  }
}

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

  get next(): Date | null {
    const next = this.#stopped ? undefined : this.times.next();
    return next === undefined ? null : new Date(next);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.clock.clearTimeout(this.#timer);
    this.ended(this);
  }

  #arm(): void {
    if (this.times.next() === undefined) return this.stop();
    this.#timer = this.clock.setTimeout(() => this.#look(), Math.min(this.times.left(), LOOK_EVERY));
  }

  #look(): void {
    if (this.times.left() <= 0) {
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
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `add` whenever it is time, unless the job that it gave last still waits; `failed` gets what it rejects with. Throws {@link OptionsError}. */
  start(name: string, options: ScheduleOptions, add: () => Promise<Job>, failed: (error: unknown) => void): Schedule {
    const times = timesOf(options, this.#clock, `schedule(${name})`);
    const entry: Entry = new Entry(times, this.#clock, add, failed, (one) => this.#ended(one));
    if (entry.next !== null) {
      this.#entries.add(entry);
      this.#keepAlive ??= setInterval(() => {}, 2 ** 31 - 1);
    }
    return entry;
  }

  /** Stops them all. */
  close(): void {
    for (const entry of this.#entries) entry.stop();
  }

  #ended(entry: Entry): void {
    this.#entries.delete(entry);
    if (this.#entries.size > 0) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }
}

function timesOf(options: ScheduleOptions, clock: Clock, where: string): Times {
  const checked = checkOptions(schema, options, where);
  if ('every' in checked) return new Interval(checked.every, clock);
  if (checked.timezone !== undefined && !isTimeZone(checked.timezone)) {
    throw new OptionsError(`${where}: option "timezone": expected an IANA time zone such as "Europe/Berlin", given '${checked.timezone}'`);
  }
  try {
    return new Calendar(checked, clock);
  } catch (error) {
    const why = (error as Error).message;
    throw new OptionsError(`${where}: option "cron": expected a cron pattern such as "0 3 * * *", given '${checked.cron}' (${why})`, {
      cause: error,
    });
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

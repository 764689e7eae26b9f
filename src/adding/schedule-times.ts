import { Cron } from 'croner';
import { type Check, checked, either, number, object, optional, string } from '../checks/checks.js';
import { OptionsError } from '../errors/errors.js';
import type { Clock } from '../time/clock.js';

/**
 * When a schedule adds its job. `cron`: five to seven fields (seconds first where there are six), as croner reads them,
 * in `timezone` (an IANA name; default the machine's). `every`: milliseconds, counted from the call of `schedule`.
 */
export type ScheduleOptions = { cron: string; timezone?: string; every?: never } | { every: number; cron?: never; timezone?: never };

const when: Check<ScheduleOptions> = either(
  'expected { cron: string, timezone?: string } or { every: milliseconds from 1 }',
  object({ cron: string, timezone: optional(string) }),
  object({ every: number(1) }),
);

/** A wall clock set back by less than this, in milliseconds, runs nothing twice; by more, it is taken at its word. As Vixie cron does. */
const SMALL_STEP_BACK = 3 * 3_600_000;

/** Knows the times of a schedule. */
export interface Times {
  /** Milliseconds since 1970 of the first time after the last {@link pass}; `undefined` when there is none. */
  next(): number | undefined;
  /** Milliseconds until then; 0 or less when it is there. */
  remaining(): number;
  /** The time has come: on to the first one after now. Times that have been missed are left out. */
  pass(): void;
}

/** start + n · every on the monotonic clock: neither late timers nor a wall clock that is set move it. */
class IntervalTimes implements Times {
  #due: number;

  constructor(
    private readonly every: number,
    private readonly clock: Clock,
  ) {
    this.#due = clock.now() + every;
  }

  next(): number {
    return Math.round(this.clock.wallTime() + this.remaining());
  }

  remaining(): number {
    return this.#due - this.clock.now();
  }

  pass(): void {
    this.#due += this.every * (Math.floor(Math.max(0, -this.remaining()) / this.every) + 1);
  }
}

/** The times of a cron pattern, on the wall clock. */
class CronTimes implements Times {
  readonly #cron: Cron;
  #due: number | undefined;

  /** Throws what croner throws on a bad pattern or time zone. */
  constructor(
    cron: string,
    timezone: string | undefined,
    private readonly clock: Clock,
  ) {
    this.#cron = new Cron(cron, { paused: true, ...(timezone !== undefined && { timezone }) });
    this.#due = this.#after(clock.wallTime());
  }

  next(): number | undefined {
    return this.#due;
  }

  remaining(): number {
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

/** Throws {@link OptionsError}. */
export function timesOf(options: ScheduleOptions, clock: Clock, where: string): Times {
  const { every, cron, timezone } = checked(when, options, where);
  if (every !== undefined) return new IntervalTimes(every, clock);
  if (timezone !== undefined && !isTimeZone(timezone)) {
    throw new OptionsError(`${where}: option "timezone": expected an IANA time zone such as "Europe/Berlin", given '${timezone}'`);
  }
  try {
    return new CronTimes(cron, timezone, clock);
  } catch (error) {
    const why = (error as Error).message;
    throw new OptionsError(`${where}: option "cron": expected a cron pattern such as "0 3 * * *", given '${cron}' (${why})`, {
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

import type { RepeatOptions as BullMQRepeat, Job } from 'bullmq';
import { Cron } from 'croner';
import type { AnyJob, AnySchedule, JobDefinition, ScheduleOptions } from '../index.js';
import * as internals from '../internals.js';
import type { JobToAdd } from './add-settings.js';
import type { Connection } from './connection.js';

/** How a schedule of an interval stands in the place of a cron pattern: `@every 1000 from 1700000000000`. */
const EVERY = /^@every (\S+) from (\d+)$/;

/**
 * The first time after `millis` of a schedule, in place of BullMQ's own: cron as croner reads it, which is right where the
 * clock changes for summer, and intervals counted from the call of `schedule`, the first time after that long.
 */
export function nextTime(millis: number, { pattern = '', tz, immediately, endDate }: BullMQRepeat): number | undefined {
  if (immediately) return internals.timers.dateNow();
  const [, every, from] = EVERY.exec(pattern) ?? [];
  const next =
    every === undefined
      ? new Cron(pattern, { paused: true, ...(tz !== undefined && { timezone: tz }) }).nextRun(new Date(millis))?.getTime()
      : Math.round(Number(from) + (Math.floor((millis - Number(from)) / Number(every)) + 1) * Number(every));
  return next !== undefined && (endDate === undefined || next <= new Date(endDate).getTime()) ? next : undefined;
}

/** What a schedule is told of its runs, beside their times. */
export interface Runs {
  readonly immediately: boolean;
  readonly limit: number;
  readonly until: number;
}

/** A schedule in Redis: it goes on when this process ends. One of each definition; scheduling it again changes it. */
export class BullMQSchedule implements AnySchedule {
  /** When it is added next, as it was when it was scheduled. */
  readonly next: number | undefined;
  readonly #connection: Connection;
  readonly #key: string;
  readonly #add: () => Promise<AnyJob>;

  private constructor(connection: Connection, key: string, next: number | undefined, add: () => Promise<AnyJob>) {
    this.next = next;
    this.#connection = connection;
    this.#key = key;
    this.#add = add;
  }

  /** @internal Rejects with `OptionsError`. */
  static async start(
    connection: Connection,
    { name }: JobDefinition,
    when: ScheduleOptions,
    { immediately, limit, until }: Runs,
    job: JobToAdd,
    add: () => Promise<AnyJob>,
  ): Promise<BullMQSchedule> {
    internals.timesOf(when, internals.realClock, `schedule(${name})`);
    const now = internals.timers.dateNow();
    const repeat: BullMQRepeat = {
      pattern: 'every' in when ? `@every ${when.every} from ${now}` : when.cron,
      ...('cron' in when && when.timezone !== undefined && { tz: when.timezone }),
      ...(immediately && { immediately }),
      ...(Number.isFinite(limit) && { limit }),
      ...(Number.isFinite(until) && { endDate: until }),
    };
    const { jobId, delay, ...opts } = job.opts;
    const first = (
      until < now ? undefined : await connection.queue.upsertJobScheduler(name, repeat as never, { name, data: job.data, opts } as never)
    ) as Job | undefined;
    return new BullMQSchedule(connection, name, first && timeOf(first), add);
  }

  /** Adds no more, from whichever process; a run that waits for its time is taken back. */
  async stop(): Promise<void> {
    await this.#connection.queue.removeJobScheduler(this.#key);
  }

  /** Adds a run now, beside those of its times. */
  trigger(): Promise<AnyJob> {
    return this.#add();
  }
}

/** When a run of a schedule is due. Its delay is reckoned from another look at the clock than its timestamp, and may be a millisecond off. */
function timeOf({ opts, timestamp }: Job): number {
  const { prevMillis, delay = 0 } = opts as Job['opts'] & { prevMillis?: number };
  return prevMillis ?? timestamp + delay;
}

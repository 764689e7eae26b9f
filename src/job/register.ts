import { Calendar } from '../time/calendar.js';
import type { Clock } from '../time/clock.js';
import { type AddOptions, keptOf } from './add-options.js';
import { Jobs } from './jobs.js';
import { type JobKind, type JobOwner, noCounts } from './kind.js';
import { Kinds } from './kinds.js';
import { type Location, runningSince } from './location.js';
import { pack } from './payload.js';
import { rareOf } from './rare.js';
import { JobRecord } from './record.js';

/** What a job brings from its life in an earlier queue. */
export interface Former {
  readonly id: string;
  readonly attemptsMade: number;
  readonly checkpoint?: unknown;
}

/** Who does to a living job what its owner says; false when it is too late, or too early, for that. */
export interface Commands {
  cancel(record: JobRecord, reason: unknown): boolean;
  promote(record: JobRecord): boolean;
}

/** Who runs jobs, and knows where an active one is. */
export interface JobRunner {
  /** Jobs of the kind are added from now on. */
  uses(kind: JobKind): void;
  locate(record: JobRecord): Location | undefined;
}

/** All jobs that a queue knows, living or kept; and what their handles ask. */
export class Register implements JobOwner {
  readonly jobs = new Jobs();
  /** How many of them are in each state. */
  readonly counts = noCounts();
  /** Accepted, but not in yet: many come in some at a time. */
  incoming = 0;
  /** Estimate of what the inputs and metadata of those take that wait; counted where {@link countsBytes}. */
  waitingBytes = 0;
  watcher: { check(): void } | undefined;
  countsBytes = false;
  readonly kinds = new Kinds(this, this.counts);
  readonly calendar: Calendar;
  #commands!: Commands;
  #runner!: JobRunner;

  constructor(clock: Clock) {
    this.calendar = new Calendar(clock);
  }

  /** Jobs ask them; both know of jobs first, so they are made later. */
  keptBy(commands: Commands, runner: JobRunner): void {
    this.#commands = commands;
    this.#runner = runner;
  }

  get idPrefix(): string {
    return this.jobs.idPrefix;
  }

  /** How many wait to run, for a thread or for their time. */
  get waiting(): number {
    return this.counts.waiting + this.counts.delayed + this.incoming;
  }

  /** How many have not ended. */
  get living(): number {
    return this.waiting + this.counts.active;
  }

  /** A job is known from now on; `now` on {@link Clock.now}. It is in no state yet. */
  add(
    kind: JobKind,
    input: unknown,
    settings: AddOptions | undefined,
    awaited: boolean,
    order: number,
    now: number,
    former: Former | undefined,
  ): JobRecord {
    if (kind.totals.added === 0) this.#runner.uses(kind);
    const key = former?.id ?? order;
    const priority = settings?.priority ?? kind.definition.priority;
    const times = this.jobs.timesFor(key);
    const record = new JobRecord(key, kind, input, priority, order, now, settings && keptOf(settings), times, awaited);
    record.group = settings?.group;
    this.measure(record);
    if (former !== undefined) {
      record.attempt = former.attemptsMade;
      if (former.checkpoint !== undefined) rareOf(record).checkpoint = former.checkpoint;
    }
    this.jobs.set(record);
    return record;
  }

  /** The job is not known here any more: it has ended, or was handed back. */
  forget(record: JobRecord): void {
    this.jobs.delete(record);
    // Somebody may keep it for long.
    if (record.handle !== undefined || record.options !== undefined) record.leavePage();
    record.kind.leaves(record.state);
  }

  /** It has another input. */
  measure(record: JobRecord): void {
    if (this.countsBytes) record.bytes = bytesOf(record.input, record.metadata);
  }

  cancel(record: JobRecord, reason: unknown): boolean {
    return !record.ended && this.jobs.has(record) && this.#commands.cancel(record, reason);
  }

  promote(record: JobRecord): boolean {
    return this.jobs.has(record) && this.#commands.promote(record);
  }

  startedAt(record: JobRecord): number | undefined {
    const since = runningSince(this.#runner.locate(record));
    return since && this.calendar.timeOf(since);
  }

  dateOf(now: number): number {
    return this.calendar.timeOf(now);
  }

  exactDateOf(now: number): number {
    return this.calendar.exactTimeOf(now);
  }
}

/** Estimate of what a job that waits takes. Never throws. */
export function bytesOf(input: unknown, metadata: unknown): number {
  try {
    return pack(input, 'input').bytes + (metadata === undefined ? 0 : pack(metadata, 'metadata').bytes);
  } catch {
    // It could be read when it was taken: a getter has changed its mind, and will be asked again when it is sent.
    return 0;
  }
}

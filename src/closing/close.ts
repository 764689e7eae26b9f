import type { Intake } from '../adding/intake.js';
import type { Schedules } from '../adding/schedules.js';
import { type Check, checked, number, object, oneOf, optional } from '../checks/checks.js';
import { QueueClosedError } from '../errors/errors.js';
import { messageOf } from '../errors/thrown.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';
import type { Runner } from '../threads/runner.js';
import { type Clock, KeepAlive } from '../time/clock.js';
import type { WaitingJobs } from '../waiting/waiting-jobs.js';
import { type JobSnapshot, snapshotOf } from './snapshot.js';
import { settledBefore, Until } from './until.js';

/** What `close` is told. */
export interface CloseOptions {
  /** What is still run: all jobs, only the active attempts, or nothing. Default `'all'`. */
  drain?: 'all' | 'active' | 'none';
  /** Milliseconds before the rest is given up. Default 30 000. */
  timeout?: number;
}

/** What `close` hands over. */
export interface Closed {
  /** The jobs that did not end, for `restore`. */
  unfinished: JobSnapshot[];
}

const closeOptions: Check<Required<CloseOptions>> = object({
  drain: optional(oneOf('all', 'active', 'none'), 'all'),
  timeout: optional(number(0), 30_000),
});

/** Time threads get to exit when `close` has terminated them at its deadline, in milliseconds. */
const EXIT_GRACE = 1_000;

/** The parts of a queue that its end concerns. */
interface Parts {
  readonly name: string;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly register: Register;
  readonly waiting: WaitingJobs;
  readonly lifecycle: Lifecycle;
  readonly intake: Intake;
  readonly schedules: Schedules;
  readonly runner: Runner;
}

/** The end of a queue: nothing comes in, what is to be drained is, the rest is handed back, and the threads go. */
export class Closing {
  readonly #parts: Parts;
  #closed: Promise<Closed> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Calling it again gives the same promise. Throws `OptionsError`. */
  close(options: CloseOptions): Promise<Closed> {
    const taken = checked(closeOptions, options, 'close');
    if (this.#closed !== undefined) return this.#closed;
    let begun!: (closed: Promise<Closed>) => void;
    // First: a listener of what comes in at last may close the queue too.
    this.#closed = new Promise<Closed>((resolve) => {
      begun = resolve;
    });
    begun(this.#close(taken));
    return this.#closed;
  }

  async #close({ drain, timeout }: Required<CloseOptions>): Promise<Closed> {
    const { clock, announcer, waiting, intake, schedules, runner } = this.#parts;
    const keepAlive = new KeepAlive(clock);
    keepAlive.hold();
    const deadline = clock.now() + timeout;
    schedules.close();
    intake.close();
    if (drain === 'active') waiting.pause();
    // Whoever called may be in the middle of something, such as a listener: all jobs have a place when it has returned.
    await undefined;
    // Who waits for what will not be run need not wait for what is.
    const early = drain === 'active' ? announcer.change(() => this.#handBackWaiting()) : [];
    if (drain !== 'none') await this.#drained(drain, deadline);
    const unfinished = [...early, ...announcer.change(() => this.#handBackAll())];
    await settledBefore(clock, Math.max(deadline, clock.now() + EXIT_GRACE), runner.close());
    keepAlive.release();
    return { unfinished };
  }

  #drained(drain: 'all' | 'active', deadline: number): Promise<void> {
    const { clock, register } = this.#parts;
    const { counts } = register;
    const until = new Until(clock, deadline, () => counts.active > 0 || (drain === 'all' && this.#canProgress(deadline)));
    register.watcher = until;
    return until.over;
  }

  /** Whether a job will be active before the deadline. */
  #canProgress(deadline: number): boolean {
    const { waiting, lifecycle } = this.#parts;
    return waiting.canRun || lifecycle.delays.awaitsExit || lifecycle.delays.nextDue < deadline;
  }

  /** Takes all living jobs out of the queue. */
  #handBackAll(): JobSnapshot[] {
    const { name, runner } = this.#parts;
    runner.abandon(new QueueClosedError(`the queue "${name}" was closed`));
    return this.#handBackWaiting();
  }

  /** Those that no thread has. */
  #handBackWaiting(): JobSnapshot[] {
    const { waiting, lifecycle } = this.#parts;
    return [...waiting, ...lifecycle.delays].flatMap((record) => this.#handBackOne(record) ?? []);
  }

  /** One that does not survive ends here: it must not keep the others from being handed back. */
  #handBackOne(record: JobRecord): JobSnapshot | undefined {
    const { name, lifecycle } = this.#parts;
    const text = `the queue "${name}" was closed before the job could end`;
    const facts = { jobId: record.id, jobName: record.kind.definition.name };
    try {
      const snapshot = snapshotOf(record, this.#runAt(record));
      // A getter in its input, or in another's, may have cancelled it.
      if (record.ended) return undefined;
      lifecycle.handBack(record, new QueueClosedError(text, facts));
      return snapshot;
    } catch (cause) {
      const why = `${text}, and it cannot be handed back: ${messageOf(cause)}`;
      if (!record.ended) lifecycle.giveUp(record, new QueueClosedError(why, { ...facts, cause }));
      return undefined;
    }
  }

  /** When a delayed job is due, in milliseconds since 1970. */
  #runAt(record: JobRecord): number | undefined {
    if (record.state !== 'delayed') return undefined;
    const { clock, lifecycle } = this.#parts;
    const now = clock.now();
    return clock.wallTime() + (lifecycle.delays.dueAt(record) ?? now) - now;
  }
}

import { inspect } from 'node:util';
import type { Attempt } from './attempt.js';
import type { JobRecord } from './record.js';
import { resultOf } from './result.js';
import type { JobState } from './state.js';

let record: (job: Job) => JobRecord;

/** One piece of work: a definition with one input. A live view; what it says changes as the job goes on. */
export class Job<Input = unknown, Output = unknown> {
  readonly #record: JobRecord;

  static {
    record = (job) => job.#record;
  }

  /** Whether `add` answered with a job that was there already, because of its idempotency key. */
  readonly deduplicated: boolean;

  /** @internal Jobs come from a queue's `add`. */
  constructor(record: JobRecord, deduplicated = false) {
    this.#record = record;
    this.deduplicated = deduplicated;
  }

  /** Unique among the jobs of a queue; it stays when the job is replayed or restored. */
  get id(): string {
    return this.#record.id;
  }
  /** Name of its definition. */
  get name(): string {
    return this.#record.name;
  }
  /** The input as the schema returned it. */
  get input(): Input {
    return this.#record.input as Input;
  }
  /** Where it is now. */
  get state(): JobState {
    return this.#record.state;
  }
  /** Number of the current or last attempt, from 1; 0 before the first. */
  get attempt(): number {
    return this.#record.attempt;
  }
  /** Every attempt that has ended, oldest first. */
  get attempts(): readonly Attempt[] {
    return this.#record.attempts;
  }
  /** What the handler last gave to `context.progress`. */
  get progress(): unknown {
    return this.#record.rare?.progress;
  }
  /** Higher runs first. */
  get priority(): number {
    return this.#record.priority;
  }
  /** Key of its group, where it has one. */
  get group(): string | undefined {
    return this.#record.group;
  }
  /** As `add` was told. */
  get metadata(): unknown {
    return this.#record.options?.metadata;
  }
  /** When it was added, in milliseconds since 1970. */
  get addedAt(): number {
    return this.#record.addedAt;
  }
  /** When its current or last attempt was started, in milliseconds since 1970. */
  get startedAt(): number | undefined {
    const { state, kind, attempts } = this.#record;
    return (state === 'active' ? kind.owner.startedAt(this.#record) : undefined) ?? attempts.at(-1)?.startedAt;
  }
  /** When it completed, failed for good or was cancelled, in milliseconds since 1970. */
  get finishedAt(): number | undefined {
    return this.#record.finishedAt;
  }
  /** How long the last attempt had waited for its thread since the job was ready, in milliseconds. */
  get waitTime(): number | undefined {
    return this.#record.waitTime;
  }
  /** What its handler returned; `undefined` until the job has completed. */
  get output(): Output | undefined {
    return this.#record.output as Output | undefined;
  }
  /** The last 100 lines of its handler's `context.log`, oldest first, each with its time and level. */
  get logs(): readonly string[] {
    return this.#record.rare?.logs ?? [];
  }
  /** What a failed or cancelled job ended with. */
  get error(): unknown {
    return this.#record.error;
  }

  /**
   * The output, once the job has completed; rejects with its last error when it failed for good or was cancelled.
   * Asking is what makes you responsible for the rejection: a job nobody asks never causes an `unhandledRejection`.
   */
  result(): Promise<Output> {
    return resultOf(this.#record) as Promise<Output>;
  }

  /**
   * Cancels the job: a waiting one at once; an active one is told through `context.signal` and its thread is
   * terminated after the definition's `gracePeriod`. `result()` rejects with `CancelledError`, which carries `reason`.
   * Returns false when the job had already ended.
   */
  cancel(reason?: unknown): boolean {
    return this.#record.kind.owner.cancel(this.#record, reason);
  }

  /** Lets a delayed job run now. Returns false when it is not delayed, or the thread of its last attempt has not exited yet. */
  promote(): boolean {
    return this.#record.kind.owner.promote(this.#record);
  }

  /** What is known of it, without its result and its error. */
  toJSON(): Record<string, unknown> {
    const { id, name, input, state, attempt, attempts, progress, priority, group, metadata, addedAt, startedAt, finishedAt } = this;
    return { id, name, input, state, attempt, attempts, progress, priority, group, metadata, addedAt, startedAt, finishedAt };
  }

  [inspect.custom](): string {
    return `Job ${this.id} { name: ${this.name}, state: ${this.state}, attempt: ${this.attempt} }`;
  }
}

/** What a job is a handle of. */
export function recordOf(job: Job): JobRecord {
  return record(job);
}

/** The one handle of a job that events and readers share. */
export function handleOf(record: JobRecord): Job {
  record.handle ??= new Job(record);
  return record.handle as Job;
}

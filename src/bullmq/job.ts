import { inspect } from 'node:util';
import type { AnyJob, Attempt, JobState } from '../index.js';

/** What is known of a job, as it was read. */
export type JobAsRead = Omit<AnyJob, 'deduplicated' | 'result' | 'cancel' | 'promote'>;

/** Who does what a handle is told. */
export interface JobCommands {
  /** Resolves with the output of a job, or rejects as it ended. */
  resultOf(id: string, name: string): Promise<unknown>;
  cancel(id: string, reason: unknown): Promise<boolean>;
  promote(id: string): Promise<boolean>;
  logs(id: string): Promise<string[]>;
}

/** A job in Redis, as it was when it was read: `queue.getJob(id)` reads it anew. Its commands reach it wherever it is. */
export class BullMQJob<Input = unknown, Output = unknown> implements AnyJob<Input, Output> {
  readonly id: string;
  readonly name: string;
  readonly input: Input;
  /** Where it was. */
  readonly state: JobState;
  /** Number of its current or last attempt, from 1; 0 before the first. */
  readonly attempt: number;
  /** Every attempt that had ended, oldest first. One whose process died is not among them. */
  readonly attempts: readonly Attempt[];
  readonly progress: unknown;
  readonly priority: number;
  readonly metadata: unknown;
  readonly addedAt: number;
  readonly finishedAt: number | undefined;
  readonly output: Output | undefined;
  readonly error: unknown;
  /** Whether `add` answered with a job that was there already, because of its idempotency key. */
  readonly deduplicated: boolean;
  readonly #commands: JobCommands;

  /** @internal Jobs come from a queue. */
  constructor(facts: JobAsRead, commands: JobCommands, deduplicated = false) {
    this.id = facts.id;
    this.name = facts.name;
    this.input = facts.input as Input;
    this.state = facts.state;
    this.attempt = facts.attempt;
    this.attempts = facts.attempts;
    this.progress = facts.progress;
    this.priority = facts.priority;
    this.metadata = facts.metadata;
    this.addedAt = facts.addedAt;
    this.finishedAt = facts.finishedAt;
    this.output = facts.output as Output | undefined;
    this.error = facts.error;
    this.deduplicated = deduplicated;
    this.#commands = commands;
  }

  /**
   * The output, once the job has completed, in whichever process; rejects with its last error when it failed for good or was
   * cancelled, with `NotFoundError` when its end is not kept any more, and with `QueueClosedError` when this queue closes first.
   */
  result(): Promise<Output> {
    return this.#commands.resultOf(this.id, this.name) as Promise<Output>;
  }

  /**
   * Cancels the job: a waiting one at once; of a running one the process that runs it is told, as `Job.cancel` tells a thread.
   * False when it had already ended.
   */
  cancel(reason?: unknown): Promise<boolean> {
    return this.#commands.cancel(this.id, reason);
  }

  /** Lets a delayed job run now. False when it is not delayed. */
  promote(): Promise<boolean> {
    return this.#commands.promote(this.id);
  }

  /** The last 100 lines of its handler's `context.log`, oldest first. */
  logs(): Promise<string[]> {
    return this.#commands.logs(this.id);
  }

  [inspect.custom](): string {
    return `BullMQJob ${this.id} { name: ${this.name}, state: ${this.state}, attempt: ${this.attempt} }`;
  }
}

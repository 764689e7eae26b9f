import type { AddOptions } from './add-options.js';
import type { Attempt, Outcome } from './attempt.js';
import type { Backoff } from './backoff.js';
import { LateError } from './cancelled.js';
import type { Carrier } from './carrier.js';
import type { JobKind } from './kind.js';
import { NO_ATTEMPTS, type Rare, rareOf, renewed, type Usage } from './rare.js';
import type { JobState } from './state.js';
import { PAGE, TIME, TIMES } from './times.js';

/** A job as the queue keeps it. What people get is `Job`. */
export class JobRecord {
  state: JobState = 'waiting';
  /** Number of the current or last attempt, from 1; 0 before the first. */
  attempt = 0;
  /** `worker.threadId` of the thread that its last attempt ran on. */
  threadId = 0;
  /** The output of a completed job. */
  output: unknown;
  /** Estimate of what its input and metadata take, where the queue counts it; of a completed job, of what its result takes. */
  bytes = 0;
  /** What few jobs have. */
  rare: Rare | undefined;
  promise: Promise<unknown> | undefined;
  /** Settles `promise`; with a rejected promise, it rejects. */
  resolve: ((output: unknown) => void) | undefined;
  /** The `Job` that people get of it, once somebody does: its file stands on this one. */
  handle: object | undefined;
  /** Whose turn it takes; see `Turns`. */
  group: string | undefined;
  // Neighbours in its run in the backlog; the first of a run has its place in the backlog's heap for a neighbour.
  next: JobRecord | undefined;
  previous: JobRecord | number | undefined;
  #times: number[];
  #error: unknown;

  constructor(
    /** A number of the queue's own, or the id that a restored job came with. */
    readonly key: number | string,
    readonly kind: JobKind,
    public input: unknown,
    readonly priority: number,
    /** Order of arrival among those that wait. */
    public order: number,
    now: number,
    /** What it was added with and still needs. */
    public options: (AddOptions & { waited?: number }) | undefined,
    /** Where its times are kept, see {@link TIME}. */
    times: number[],
    /** Whether somebody waits for it, and gets its error: it was added by `run` or `map`. */
    public awaited: boolean,
  ) {
    this.#times = times;
    const place = this.#place;
    times[place + TIME.ADDED] = now;
    times[place + TIME.READY] = now;
  }

  get id(): string {
    return typeof this.key === 'string' ? this.key : this.kind.owner.idPrefix + this.key;
  }

  /** Of its definition. */
  get name(): string {
    return this.kind.definition.name;
  }

  get timeout(): number {
    return this.options?.timeout ?? this.kind.definition.timeout;
  }

  /** How long it may wait for its first start, in milliseconds; see `JobOptions.maxWait`. */
  get maxWait(): number | undefined {
    return this.options?.maxWait ?? this.kind.definition.maxWait;
  }

  get maxAttempts(): number {
    return this.options?.maxAttempts ?? this.#defaults.maxAttempts;
  }

  /** Whether it is a dead letter when it fails for good. */
  get deadLetter(): boolean {
    return this.options?.deadLetter ?? this.#defaults.deadLetter;
  }

  get #defaults(): { readonly maxAttempts: number; readonly deadLetter: boolean } {
    return this.awaited ? this.kind.definition.awaited : this.kind.definition;
  }

  get backoff(): Backoff {
    return this.options?.backoff ?? this.kind.definition.backoff;
  }

  /** What its next attempt finds its trace by. */
  get carrier(): Carrier | undefined {
    return this.rare?.carrier;
  }

  /** How often its handler has put it off since an attempt last counted. */
  get putOffs(): number {
    return this.rare?.putOffs ?? 0;
  }

  get checkpoint(): unknown {
    return this.rare?.checkpoint;
  }

  get metadata(): unknown {
    return this.options?.metadata;
  }

  /** Buffers of the input that are moved to the thread instead of copied. */
  get transfer(): readonly ArrayBuffer[] | undefined {
    return this.options?.transfer;
  }

  /** What the last attempt of a failed job, or the cancellation, or the closing of the queue, ended it with. */
  get error(): unknown {
    if (this.#error instanceof LateError) this.#error = this.#error.of(this);
    return this.#error;
  }
  set error(error: unknown) {
    this.#error = error;
  }

  get ended(): boolean {
    return this.state === 'completed' || this.state === 'failed' || this.state === 'cancelled';
  }

  /** In milliseconds since 1970. */
  get addedAt(): number {
    return this.#date(TIME.ADDED);
  }

  /** How long ago it was added, in milliseconds. */
  age(now: number): number {
    return now - this.#time(TIME.ADDED);
  }

  /** When it last became ready to run, on {@link Clock.now}; waiting time counts from here. */
  get readyAt(): number {
    return this.#time(TIME.READY);
  }
  set readyAt(now: number) {
    this.#set(TIME.READY, now);
  }

  /** How long the last attempt had waited for its thread since the job was ready, in milliseconds. */
  get waitTime(): number | undefined {
    const waited = this.#time(TIME.WAITED);
    return Number.isNaN(waited) ? undefined : waited;
  }

  /** When the last attempt was started, in milliseconds since 1970, as exactly as the clock has it: what people read is in whole ones. */
  get lastStart(): number {
    return this.kind.owner.exactDateOf(this.#time(TIME.STARTED));
  }

  /** How long it ran, in milliseconds. */
  get lastRunTime(): number {
    return this.#time(TIME.RAN);
  }

  /** When it ended, on {@link Clock.now}. */
  get endedAt(): number {
    return this.#time(TIME.FINISHED);
  }

  /** In milliseconds since 1970. */
  get finishedAt(): number | undefined {
    return this.ended ? this.#date(TIME.FINISHED) : undefined;
  }

  /** Attempts that have ended, but for the one that completed the job. */
  get failedAttempts(): readonly Attempt[] {
    return this.rare?.failedAttempts ?? NO_ATTEMPTS;
  }

  /** Every attempt that has ended, oldest first. */
  get attempts(): readonly Attempt[] {
    return this.state === 'completed'
      ? [...this.failedAttempts, this.#lastAttempt('completed', undefined, this.rare?.usage)]
      : this.failedAttempts;
  }

  /** An attempt has ended; `startedAt` on {@link Clock.now}, `duration` in milliseconds. Gives how long it had waited. */
  ran(startedAt: number, duration: number, threadId: number, usage?: Usage): number {
    const waited = Math.max(0, startedAt - this.readyAt);
    this.#set(TIME.STARTED, startedAt);
    this.#set(TIME.WAITED, waited);
    this.#set(TIME.RAN, duration);
    this.threadId = threadId;
    if (usage !== undefined) rareOf(this).usage = usage;
    return waited;
  }

  /** The attempt of {@link ran} did not complete the job. */
  failed(outcome: Outcome, error: unknown, usage?: Usage): void {
    const rare = rareOf(this);
    rare.putOffs = 0;
    rare.failedAttempts = [...rare.failedAttempts, this.#lastAttempt(outcome, error, usage)];
  }

  /** The job has ended, at a time of {@link Clock.now}. */
  finished(at: number): void {
    this.#set(TIME.FINISHED, at);
  }

  /** The job begins anew, as if it had just been added with this input. */
  renew(input: unknown): void {
    this.input = input;
    // Who waited has its error.
    this.awaited = false;
    this.attempt = 0;
    this.error = undefined;
    this.promise = undefined;
    this.rare = renewed(this.rare);
    this.#set(TIME.WAITED, Number.NaN);
    // It was started before.
    if (this.maxWait !== undefined) this.options = { ...this.options, maxWait: Number.POSITIVE_INFINITY };
  }

  /** The job is kept by itself: the page that it shared with others need not be. */
  leavePage(): void {
    const place = this.#place;
    this.#times = this.#times.slice(place, place + TIMES);
  }

  #lastAttempt(outcome: Outcome, error: unknown, usage: Usage | undefined): Attempt {
    const { attempt: number, threadId } = this;
    return { number, outcome, error, startedAt: this.#date(TIME.STARTED), duration: this.#time(TIME.RAN), threadId, ...usage };
  }

  #date(column: number): number {
    return this.kind.owner.dateOf(this.#time(column));
  }

  #time(column: number): number {
    return this.#times[this.#place + column] as number;
  }

  #set(column: number, time: number): void {
    this.#times[this.#place + column] = time;
  }

  get #place(): number {
    return this.#times.length === TIMES ? 0 : ((this.key as number) % PAGE) * TIMES;
  }
}

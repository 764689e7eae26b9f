import {
  type AddOptions,
  type CloseOptions,
  type Job,
  type JobDefinition,
  JobQueue,
  type JobSnapshot,
  type JobState,
  OptionsError,
  type Outcome,
  type QueueEvent,
  type WaitReason,
} from '../index.js';
import * as internals from '../internals.js';
import { pause, settled, type TestClock, threadsClock, VirtualClock } from './clock.js';
import { type Fault, Faults } from './faults.js';
import { History, type OutcomeCounts } from './history.js';
import { LocalRunner } from './local-runner.js';
import { checkTestOptions, type TestMode, type TestQueueOptions } from './options.js';
import { seededRandom } from './seeded-random.js';

/** With real threads, in milliseconds. */
const LOOK_EVERY = 20;

/** Why jobs wait that will not run until somebody says so, or until a time. */
const PAUSED: readonly WaitReason[] = ['paused', 'definition-paused'];
const LIMITED: readonly WaitReason[] = ['rate-limit', 'group-rate-limit'];

/** What {@link TestQueue.drain} also waits for. */
export interface DrainOptions {
  /** Jobs that wait for their time: a delay or a rate limit. The clock moves on to it. Default `false`. */
  withDelayed?: boolean;
  /** The further attempts of jobs that fail meanwhile. The clock moves on over their backoff. Default `false`. */
  withRetries?: boolean;
}

/** A `JobQueue` for tests. Throws `OptionsError` when an option is wrong or unknown. */
export function createTestQueue(options: TestQueueOptions): TestQueue {
  return new TestQueue(options);
}

/** A `JobQueue` that runs its jobs as its mode says, and tells what has happened. Made by {@link createTestQueue}. */
export class TestQueue extends JobQueue {
  readonly mode: TestMode;
  readonly clock: TestClock;
  readonly #history: History;
  readonly #faults: Faults;
  /** As of the last drain. */
  #drained: OutcomeCounts;
  /** Not with real threads. */
  readonly #virtual: { clock: VirtualClock; runner: LocalRunner } | undefined;

  constructor(options: TestQueueOptions) {
    const { mode, seed, startTime, queueOptions } = checkTestOptions(options);
    const history = new History();
    const faults = new Faults();
    if (mode === 'threads') {
      super(queueOptions);
      this.clock = threadsClock;
    } else {
      const automatic = mode === 'inline';
      const clock = new VirtualClock(startTime, { eager: automatic });
      let made: LocalRunner | undefined;
      super(queueOptions, {
        clock,
        random: seededRandom(seed),
        runner: (source, reports, _clock, options) => {
          made = new LocalRunner(source, reports, clock, { ...options, automatic, faults, scheduling: () => history.look() });
          return made;
        },
      });
      this.clock = clock;
      this.#virtual = { clock, runner: made as unknown as LocalRunner };
    }
    for (const event of Object.keys(internals.EVENTS) as QueueEvent[]) this.on(event, (...args: unknown[]) => history.note(event, args));
    this.mode = mode;
    this.#history = history;
    this.#drained = history.counts;
    this.#faults = faults;
  }

  /** As `JobQueue.add`; in mode `'inline'` the job has run by then, unless it awaits the world outside or may not run yet. */
  override async add<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    input: Input,
    options?: AddOptions,
  ): Promise<Job<Parsed, Output>> {
    const job = await super.add(definition, input, options);
    if (this.mode === 'inline') await settled();
    return job;
  }

  /** As `JobQueue.addBulk`; see {@link add}. */
  override async addBulk<Input, Parsed, Output>(
    definition: JobDefinition<Input, Parsed, Output>,
    inputs: Iterable<Input>,
    options?: AddOptions,
  ): Promise<Job<Parsed, Output>[]> {
    const jobs = await super.addBulk(definition, inputs, options);
    if (this.mode === 'inline') await settled();
    return jobs;
  }

  /** The jobs of a definition that were accepted, oldest first; without one, all jobs. */
  added<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>): Job<Parsed, Output>[];
  added(): Job[];
  added(definition?: JobDefinition): Job[] {
    return this.#history.added(definition);
  }

  /**
   * Resolves with the job when it comes to a state, or was in it before. Rejects when it has ended in another, and
   * when the queue is closed first. (Real threads tell nothing of the end of a delay: there `'waiting'` is known when
   * the job is sent.)
   */
  async waitFor<Waited extends Job<any, any>>(job: Waited, state: JobState): Promise<Waited> {
    await this.#history.waitFor(job, state);
    return job;
  }

  /**
   * Makes the next attempts of a definition fail, without running the handler: with the error and the outcome that the
   * real thing gives, or with yours. A `'timeout'` counts as having run for its whole limit; the clock stands still.
   * Adds to what was planned before. Throws `OptionsError`, also with real threads, where only a handler can fail.
   */
  failNext(definition: JobDefinition, fault: Fault, times = 1): void {
    if (this.#virtual === undefined) {
      throw new OptionsError('failNext: mode "threads" runs the real thing; make the handler fail, or use mode "manual" or "inline"');
    }
    this.#faults.plan(definition, fault, times);
  }

  /**
   * Runs the next job's attempt, in the order of the real queue. Resolves with its outcome when it has ended, or with
   * `undefined` when no job may run now. Only in mode `'manual'`; throws `OptionsError` in others.
   */
  async runNext(): Promise<Outcome | undefined> {
    if (this.mode !== 'manual' || this.#virtual === undefined) {
      throw new OptionsError(`runNext: mode "${this.mode}" runs jobs by itself; use mode "manual", or drain()`);
    }
    // A retry without backoff is due already.
    await this.#virtual.clock.advance(0);
    const outcome = await this.#virtual.runner.next();
    await settled();
    return outcome;
  }

  /**
   * Runs what may run, at most `threads` jobs at once, until nothing may any more. Resolves with how many attempts have
   * ended in each way: meanwhile, or where jobs run by themselves (`'inline'`, `'threads'`) since the last drain.
   */
  async drain({ withDelayed = false, withRetries = false }: DrainOptions = {}): Promise<OutcomeCounts> {
    const before = this.mode === 'manual' ? this.#history.counts : this.#drained;
    const waits = () => this.#waitsForTime(withDelayed, withRetries);
    if (this.#virtual === undefined) await this.#drainThreads(waits);
    else if (this.mode === 'manual') await this.#drainManually(this.#virtual, withRetries, waits);
    else await this.#drainInline(this.#virtual, waits);
    this.#drained = this.#history.counts;
    const ended = this.#history.counts;
    for (const outcome of Object.keys(ended) as Outcome[]) ended[outcome] -= before[outcome];
    return ended;
  }

  /**
   * As `JobQueue.close`, but in modes `'manual'` and `'inline'` the default of `drain` is `'none'`: a test that is over
   * runs no more jobs. With another, jobs run until the deadline on the virtual clock, which moves there by itself.
   */
  override close(options: CloseOptions = {}): Promise<{ unfinished: JobSnapshot[] }> {
    const virtual = this.#virtual;
    const closing = super.close(virtual === undefined ? options : { drain: 'none', ...options });
    void closing.then(() => this.#history.close());
    if (virtual !== undefined) void this.#moveUntil(closing, virtual);
    return closing;
  }

  async #drainManually({ clock, runner }: { clock: VirtualClock; runner: LocalRunner }, withRetries: boolean, waits: () => boolean) {
    await clock.advance(0);
    for (;;) {
      let started = false;
      while (runner.holdup === undefined && runner.next() !== undefined) started = true;
      // A retry without backoff is due at once; without `withRetries` it must not come back yet.
      await (withRetries ? clock.advance(0) : settled());
      if (started) continue;
      if (!runner.isIdle) await this.#history.change();
      else if (!waits() || !(await clock.advanceToNext())) return;
    }
  }

  async #drainInline({ clock, runner }: { clock: VirtualClock; runner: LocalRunner }, waits: () => boolean) {
    for (;;) {
      await settled();
      if (!runner.isIdle) await this.#history.change();
      else if (!waits() || !(await clock.advanceToNext())) return;
    }
  }

  async #drainThreads(waits: () => boolean) {
    // The end of a delay is no event, and its job may be paused: so also look now and then.
    while (this.#mayRun() || waits()) await Promise.race([this.#history.change(), pause(LOOK_EVERY)]);
  }

  /** Whether a job is active, or will be without anybody doing anything or time passing. */
  #mayRun(): boolean {
    if (this.stats().counts.active > 0) return true;
    return this.#reasons().some((reason) => !PAUSED.includes(reason) && !LIMITED.includes(reason));
  }

  #waitsForTime(withDelayed: boolean, withRetries: boolean): boolean {
    if (withDelayed && this.#reasons().some((reason) => LIMITED.includes(reason))) return true;
    if (!withDelayed && !withRetries) return false;
    return this.list('delayed', { limit: Number.POSITIVE_INFINITY }).some(({ id }) => {
      const where = this.explain(id);
      return where?.state === 'delayed' && (where.reason === 'delay' || where.reason === 'snoozed' ? withDelayed : withRetries);
    });
  }

  /** Why jobs wait: of the first of each definition and group, for the others wait for the same. */
  #reasons(): WaitReason[] {
    const firsts = new Map<string, string>();
    for (const { name, group, id } of this.list('waiting', { limit: Number.POSITIVE_INFINITY })) {
      // A name has no space in it.
      const same = `${name} ${group}`;
      if (!firsts.has(same)) firsts.set(same, id);
    }
    return [...firsts.values()].map((id) => {
      const where = this.explain(id);
      return where?.state === 'waiting' ? where.reason : 'next';
    });
  }

  /** Runs jobs by itself from now on, and moves the clock whenever nothing runs. */
  async #moveUntil(over: Promise<unknown>, { clock, runner }: { clock: VirtualClock; runner: LocalRunner }): Promise<void> {
    let isOver = false;
    const end = over.finally(() => {
      isOver = true;
    });
    runner.automatic = true;
    runner.schedule();
    for (await settled(); !isOver; await settled()) {
      if (!runner.isIdle) await Promise.race([end, this.#history.change()]);
      else await clock.advanceToNext();
    }
  }
}

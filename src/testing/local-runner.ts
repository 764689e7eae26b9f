import { threadId } from 'node:worker_threads';
import { type Outcome, QueueClosedError } from '../index.js';
import * as internals from '../internals.js';
import { type AttemptHost, type Ending, LocalAttempt } from './attempt.js';
import type { Faults } from './faults.js';

const { nextTick, queueMicrotask } = internals.timers;

interface Running {
  readonly attempt: LocalAttempt;
  readonly ended: (outcome: Outcome) => void;
}

/** Runs jobs in this thread: when told, or where `automatic`, as soon as they may. */
export class LocalRunner implements internals.Runner, AttemptHost {
  automatic: boolean;
  readonly clock: internals.Clock;
  readonly idPrefix: string;
  readonly listened: internals.Listened;
  readonly resources: internals.Resources;
  readonly #source: internals.Source;
  readonly #reports: internals.Reports;
  readonly #options: internals.RunnerOptions;
  readonly #faults: Faults;
  readonly #scheduling: () => void;
  readonly #utilization: internals.Utilization;
  readonly #running = new Map<internals.Work, Running>();
  #killed = 0;
  #closed = false;
  #scheduled = false;

  /** `scheduling` is called whenever jobs may have become ready. */
  constructor(
    source: internals.Source,
    reports: internals.Reports,
    clock: internals.Clock,
    options: internals.RunnerOptions & { automatic: boolean; faults: Faults; scheduling: () => void },
  ) {
    this.#source = source;
    this.#reports = reports;
    this.clock = clock;
    this.idPrefix = options.idPrefix;
    this.listened = options.listened;
    this.#options = options;
    this.resources = new internals.Resources(options.worker?.data);
    this.#faults = options.faults;
    this.#scheduling = options.scheduling;
    this.automatic = options.automatic;
    this.#utilization = new internals.Utilization(() => clock.now(), options.threads);
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Runs the next job's attempt; `undefined` when none may run. */
  next(): Promise<Outcome> | undefined {
    while (!this.#closed && this.#source.size > 0 && this.#source.head !== undefined) {
      const work = this.#source.take();
      // Its limit refused it: another job is the head now.
      if (work !== undefined) return this.#start(work);
    }
    return undefined;
  }

  schedule(): void {
    this.#scheduling();
    if (!this.automatic || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => nextTick(() => this.#dispatch()));
  }

  uses(): void {}

  withdraw(): void {}

  cancel(work: internals.Work, reason: unknown): true | undefined {
    const running = this.#running.get(work);
    running?.attempt.cancel(reason);
    return running && true;
  }

  locate(work: internals.Work): internals.Location | undefined {
    const running = this.#running.get(work);
    return running && { phase: 'running', threadId, since: running.attempt.startedAt };
  }

  inspect(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  active(): internals.Work[] {
    return [...this.#running.keys()];
  }

  get holdup(): internals.Runner['holdup'] {
    return this.#running.size < this.#options.threads ? undefined : 'threads-busy';
  }

  abandon(error: Error): void {
    const back: internals.Work[] = [];
    const ends: (() => void)[] = [];
    for (const [work, { attempt, ended }] of this.#running) {
      const verdict = attempt.abandon();
      const once = work.kind.definition.delivery === 'at-most-once';
      if (verdict === undefined && !once) back.push(work);
      else {
        const { outcome, error: reason } = verdict ?? { outcome: 'interrupted' as const, error };
        const { startedAt } = attempt;
        const duration = this.clock.now() - startedAt;
        ends.push(() => this.#reports.ended(work, { outcome, error: reason, startedAt, duration, threadId, started: true }));
      }
      ended(verdict?.outcome ?? 'interrupted');
    }
    this.#running.clear();
    this.#utilization.busy = 0;
    this.#reports.returned(back);
    for (const end of ends) end();
  }

  get stats(): internals.ThreadStats {
    const size = this.#closed ? 0 : this.#options.threads;
    return { size, busy: this.#running.size, starting: 0, zombies: 0, killed: this.#killed, utilization: this.#utilization.share };
  }

  ready(): Promise<void> {
    return this.#closed ? Promise.reject(new QueueClosedError('the queue is closed')) : Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.resources.end(({ name }, error) => {
      this.#reports.threads.trouble({ job: name, error: internals.messageOf(error) }, 'the teardown of a job failed');
    });
  }

  #dispatch(): void {
    this.#scheduled = false;
    while (this.#running.size < this.#options.threads && this.next() !== undefined);
    if (this.#running.size < this.#options.threads) this.#reports.free();
  }

  #start(work: internals.Work): Promise<Outcome> {
    return new Promise((ended) => {
      this.#reports.started(work);
      const attempt = new LocalAttempt(work, this);
      this.#running.set(work, { attempt, ended });
      this.#utilization.busy = this.#running.size;
      if (!attempt.send()) return;
      this.#reports.sent([work]);
      // Whoever heard of it may have ended it.
      if (this.#running.has(work)) attempt.run(this.#faults.next(work.kind.definition.name));
    });
  }

  said(work: internals.Work, message: internals.HandlerMessage): void {
    this.#reports.message(work, message);
  }

  ended(work: internals.Work, { outcome, output, error, startedAt, duration, started, killed }: Ending): void {
    const running = this.#running.get(work);
    this.#running.delete(work);
    this.#utilization.busy = this.#running.size;
    if (outcome === 'completed') this.#reports.completed(work, output, startedAt, duration, threadId);
    else this.#reports.ended(work, { outcome, error, startedAt, duration, threadId, started });
    if (killed !== undefined) {
      // One that crashes ends by itself.
      if (killed !== 'crashed') this.#killed++;
      this.#reports.threads.killed(threadId, killed, work);
    }
    running?.ended(outcome);
    this.schedule();
  }
}

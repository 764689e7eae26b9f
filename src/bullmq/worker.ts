import { type Job, Worker } from 'bullmq';
import { QueueClosedError } from '../index.js';
import * as internals from '../internals.js';
import type { Cancels } from './cancels.js';
import { type Connection, FIELDS } from './connection.js';
import { type Ended, Endings } from './endings.js';
import { LockKeeper } from './lock-keeper.js';
import type { CheckedBullMQOptions } from './options.js';
import type { RemoteEvents } from './remote-events.js';
import { Said } from './said.js';
import { type JobReturn, unpackError } from './stored.js';
import { Taken } from './taken.js';
import { factsOf, type TakenJob } from './taken-job.js';
import { Taking } from './taking.js';
import { within } from './within.js';
import { workerOptions } from './worker-options.js';

/** How often checkpoints go to Redis, where they survive the process, in milliseconds. */
const CHECKPOINTS_EVERY = 200;
/** How long it may take to tell Redis what was not done, in milliseconds: it may be away. */
const AFTER_DEADLINE = 2_000;

/** What a worker needs of its queue. */
interface Parts {
  readonly options: CheckedBullMQOptions;
  readonly connection: Connection;
  readonly events: RemoteEvents;
  readonly cancels: Cancels;
  readonly kinds: internals.Kinds;
  readonly logger: internals.JobLogger | undefined;
  readonly threads: internals.ThreadReports;
  readonly failed: (error: unknown) => void;
}

/** A job that runs, with what it says. */
interface Running {
  readonly taken: TakenJob;
  readonly said: Said;
}

/** Takes jobs out of Redis and runs each attempt on threads of ours. */
export class JobWorker implements internals.Reports<TakenJob> {
  readonly runner: internals.Dispatcher;
  readonly threads: internals.ThreadReports;
  readonly #parts: Parts;
  readonly #source = new Taken();
  readonly #calendar = new internals.Calendar(internals.realClock);
  readonly #endings: Endings;
  readonly #taking: Taking;
  readonly #keeper: LockKeeper;
  readonly #worker: Worker;
  readonly #running = new Map<string, Running>();
  readonly #reading: NodeJS.Timeout;
  #closing = false;

  constructor(parts: Parts) {
    const { options, connection, events, kinds, failed } = parts;
    this.#parts = parts;
    this.threads = parts.threads;
    this.#endings = new Endings(connection, events);
    this.#taking = new Taking(parts, this.#endings);
    const preload = options.jobs.map((definition) => kinds.of(definition));
    // Before another thread is started: it may look into threads.
    this.runner = new internals.Dispatcher(this.#source, this as internals.Reports<never>, internals.realClock, {
      ...options,
      preload,
      idPrefix: '',
      listened: parts.logger?.listened ?? internals.listenedBy(undefined),
    });
    const { prefix, name, lockDuration, limits } = options;
    this.#keeper = new LockKeeper({ connection: connection.plainOptions, prefix, name, lockDuration }, (id) => this.#lost(id), failed);
    const process = (job: Job, token?: string) => this.#process(job, token as string);
    this.#worker = new Worker(name, process, workerOptions(options, connection));
    this.#worker.on('error', failed);
    this.#reading = internals.timers.setInterval(() => this.runner.readCheckpoints(), CHECKPOINTS_EVERY).unref();
    this.#keeper.ready.then(() => (this.#closing ? undefined : this.#worker.run())).catch(failed);
    if (Number.isFinite(limits.concurrency)) connection.queue.setGlobalConcurrency(limits.concurrency).catch(failed);
    parts.cancels.listen(
      (id, reason) => this.#cancel(id, reason),
      () => void this.#askCancelled().catch(failed),
    );
  }

  /** Resolves when jobs are taken and threads can run them. */
  async ready(): Promise<void> {
    await this.runner.ready();
    await this.#keeper.ready;
  }

  // --- 1. A job is taken, and goes to a thread

  async #process(job: Job, token: string): Promise<JobReturn | undefined> {
    try {
      const taken = await this.#taking.take(job, token);
      return taken && (await this.#run(taken));
    } finally {
      this.#taking.over(job.id as string);
    }
  }

  #run(taken: TakenJob): Promise<JobReturn> {
    this.#keeper.keep(taken.id, taken.token);
    this.#running.set(taken.id, { taken, said: new Said(this.#parts.connection, taken, this.#parts.failed) });
    this.#source.push(taken);
    if (this.#closing) this.#handBack();
    else this.runner.schedule();
    return taken.over.finally(() => {
      this.#running.delete(taken.id);
      this.#keeper.release(taken.id);
    });
  }

  started(): void {}
  sent(): void {}
  free(): void {}

  message(taken: TakenJob, message: internals.HandlerMessage): void {
    const { logger } = this.#parts;
    const line = (args: unknown[], level: string) => internals.withLine(undefined, internals.timers.dateNow(), level, args)[0] as string;
    this.#running.get(taken.id)?.said.hear(message, line);
    if (message.type === 'log') logger?.[message.level](...internals.lineOf(taken, message.args, logger));
  }

  // --- 2. The attempt ends, and BullMQ is told

  completed(taken: TakenJob, output: unknown, startedAt: number, duration: number, threadId: number): void {
    const { kind } = taken;
    kind.recordRun(this.#waited(taken, startedAt), duration);
    kind.totals.completed++;
    const said = this.#running.get(taken.id)?.said.written();
    const ran: JobReturn['ran'] = [this.#calendar.timeOf(startedAt), duration, threadId];
    Promise.resolve(said)
      .then(() => this.#endings.completed(taken, output, ran))
      .then(taken.complete, taken.fail);
  }

  ended(taken: TakenJob, end: internals.AttemptEnd): void {
    this.#end(taken, end).then(taken.fail, taken.fail);
  }

  returned(jobs: readonly TakenJob[]): void {
    this.#source.putBack(jobs);
    if (this.#closing) this.#handBack();
    else this.runner.schedule();
  }

  async #end(taken: TakenJob, end: internals.AttemptEnd): Promise<unknown> {
    const { error, outcome, duration, threadId, started } = end;
    const { kind } = taken;
    const { logger } = this.#parts;
    internals.attachJob(error, factsOf(taken));
    await this.#running.get(taken.id)?.said.written();
    // Until its thread is gone, it must not run elsewhere.
    await end.exited;
    if (isSnooze(error)) taken.putOffs = await this.#endings.putOffs(taken);
    const next = internals.nextOf(taken, end, Math.random, logger);
    const ended: Ended = { outcome, error, startedAt: this.#calendar.timeOf(end.startedAt), duration, threadId };
    if (next.to !== 'put-off') {
      kind.count(outcome);
      if (started && outcome !== 'interrupted') kind.recordRun(this.#waited(taken, end.startedAt), duration);
    }
    switch (next.to) {
      case 'put-off':
        kind.totals.snoozed++;
        return next.limited ? this.#endings.limited(taken, next.delay) : this.#endings.putOff(taken, next.delay);
      case 'delayed':
        kind.totals.retried++;
        return this.#endings.retried(taken, ended, next.delay);
      case 'cancelled':
        kind.totals.cancelled++;
        return this.#endings.cancelled(taken, error as Error, ended);
      case 'waiting':
        return this.#endings.returned(taken);
      default:
        kind.totals.failed++;
        return this.#endings.failed(taken, ended);
    }
  }

  /** How long it waited since it was ready, in milliseconds. */
  #waited({ job, attempt }: TakenJob, startedAt: number): number {
    const ready = attempt === 1 ? job.timestamp + (job.opts.delay ?? 0) : (job.processedOn ?? job.timestamp);
    return Math.max(0, this.#calendar.timeOf(startedAt) - ready);
  }

  // --- 3. Somebody wants it back

  #cancel(id: string, reason: unknown): void {
    const taken = this.#running.get(id)?.taken;
    if (taken === undefined) return;
    if (!this.#source.has(taken)) {
      this.runner.cancel(taken, reason);
      return;
    }
    this.#source.remove(taken);
    taken.kind.totals.cancelled++;
    this.#endings.cancelled(taken, internals.cancelled(taken, reason)).then(taken.fail, taken.fail);
  }

  async #askCancelled(): Promise<void> {
    for (const id of [...this.#running.keys()]) {
      const [cancel] = await this.#parts.connection.read(id, [FIELDS.cancel]);
      if (cancel) this.#cancel(id, unpackError(cancel));
    }
  }

  /** Another process has its lock, or may take it: what runs here is stopped, and does not count. */
  #lost(id: string): void {
    const taken = this.#running.get(id)?.taken;
    if (taken === undefined || taken.lost) return;
    taken.lost = true;
    this.#parts.logger?.error({ jobId: id, job: taken.job.name }, 'a job lost its lock: it may run elsewhere, and is stopped here');
    if (!this.#source.has(taken)) this.runner.cancel(taken, 'its lock was lost');
    else {
      this.#source.remove(taken);
      taken.fail(new Error('the lock of the job was lost'));
    }
  }

  // --- 4. The end

  /** Takes no more; what runs is waited for until the deadline, and then others may have it. */
  async close(drain: 'active' | 'none', timeout: number): Promise<void> {
    this.#closing = true;
    this.#handBack();
    const closed = this.#worker.close();
    const late = internals.timers.setTimeout(() => this.#abandon(), drain === 'none' ? 0 : timeout);
    await within((drain === 'none' ? 0 : timeout) + AFTER_DEADLINE, closed);
    internals.timers.clearTimeout(late);
    internals.timers.clearInterval(this.#reading);
    await this.runner.close();
    await this.#keeper.close();
  }

  #abandon(): void {
    this.runner.abandon(new QueueClosedError(`the queue "${this.#parts.options.name}" was closed before the job ended`));
  }

  #handBack(): void {
    for (const taken of this.#source.takeAll()) this.#endings.returned(taken).then(taken.fail, taken.fail);
  }
}

function isSnooze(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ERR_SNOOZE';
}

import type { EventEmitter } from 'node:events';
import type { QueueEvent } from '../index.js';
import * as internals from '../internals.js';
import type { Connection } from './connection.js';
import { BullMQJob, type JobCommands } from './job.js';
import type { Reader } from './reader.js';
import type { RemoteEvent, RemoteEvents, RemoteFields } from './remote-events.js';

/** Events that come from the stream in Redis. */
const REMOTE: readonly QueueEvent[] = [
  'added',
  'active',
  'progress',
  'completed',
  'retrying',
  'failed',
  'cancelled',
  'drained',
  'paused',
  'resumed',
];

/** Tells listeners what happens to the queue's jobs, in whichever process; the job is read when somebody listens. In their order. */
export class News implements internals.ThreadReports {
  readonly #announcer: internals.Announcer;
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #commands: JobCommands;
  readonly #logger: internals.JobLogger | undefined;
  readonly #failed: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(
    emitter: EventEmitter,
    events: RemoteEvents,
    {
      name,
      ...parts
    }: {
      name: string;
      connection: Connection;
      reader: Reader;
      commands: JobCommands;
      logger: internals.JobLogger | undefined;
      failed: (error: unknown) => void;
    },
  ) {
    this.#connection = parts.connection;
    this.#reader = parts.reader;
    this.#commands = parts.commands;
    this.#logger = parts.logger;
    this.#failed = parts.failed;
    this.#announcer = new internals.Announcer(emitter as never, name, (event, error) =>
      internals.report(parts.logger, error, `a listener of "${event}" failed`),
    );
    emitter.on('newListener', (event: QueueEvent) => {
      if (REMOTE.includes(event)) void events.start().catch(parts.failed);
    });
    events.to((event, fields) => {
      this.#last = this.#last.then(() => this.#tell(event, fields)).catch(this.#failed);
    });
  }

  killed(threadId: number, reason: internals.KillReason, job: internals.Work | undefined): void {
    this.#logger?.warn({ threadId, reason, jobId: job?.id }, 'thread ended');
    this.#announcer.announce('thread-killed', { threadId, reason, jobId: job?.id });
  }

  zombie(threadId: number, job: internals.Work | undefined): void {
    this.#logger?.error({ threadId, jobId: job?.id }, 'thread does not end: native code holds it');
    this.#announcer.announce('thread-zombie', { threadId, reason: 'native-code', jobId: job?.id });
  }

  trouble(facts: object, message: string): void {
    this.#logger?.warn(facts, message);
  }

  printed(threadId: number, { jobId, jobName: job, level, text }: Parameters<internals.ThreadReports['printed']>[1]): void {
    this.#logger?.[level]({ threadId, jobId, job }, text);
  }

  lateError(threadId: number, jobId: string | undefined, error: unknown): void {
    this.#announcer.announce('late-error', { threadId, reason: 'late-error', jobId }, error);
  }

  async #tell(event: RemoteEvent, fields: RemoteFields): Promise<void> {
    const { jobId } = fields;
    if (event === 'paused' || event === 'resumed') this.#announcer.announce(event);
    else if (event === 'completed') await this.#ofJob('completed', jobId, () => []);
    else if (event === 'progress') await this.#ofJob('progress', jobId, ({ progress }) => [progress]);
    else if (event === 'retrying') await this.#ofJob('retrying', jobId, ({ attempts }) => [attempts.at(-1)?.error, Number(fields.delay)]);
    else if (event === 'failed' || event === 'removed') await this.#end(jobId);
    else await this.#ofJob(event, jobId, () => []);
    if (event === 'completed' || event === 'failed' || event === 'removed') await this.#drained();
  }

  /** BullMQ says the same of a job that failed and of one that was cancelled while it ran. */
  async #end(id: string): Promise<void> {
    if (!this.#announcer.isHeard('failed') && !this.#announcer.isHeard('cancelled')) return;
    const job = await this.#job(id);
    if (job?.state === 'cancelled') this.#announcer.announce('cancelled', job as never);
    else if (job?.state === 'failed') this.#announcer.announce('failed', job as never, job.error);
  }

  async #ofJob(event: QueueEvent, id: string, rest: (job: BullMQJob) => unknown[]): Promise<void> {
    if (!this.#announcer.isHeard(event)) return;
    const job = await this.#job(id);
    if (job !== undefined) this.#announcer.announce(event, ...([job, ...rest(job)] as never));
  }

  async #drained(): Promise<void> {
    if (!this.#announcer.isHeard('drained')) return;
    const { queue } = this.#connection;
    const counts = await queue.getJobCounts('wait', 'prioritized', 'delayed', 'active');
    if (Object.values(counts).every((count) => count === 0)) this.#announcer.announce('drained');
  }

  async #job(id: string): Promise<BullMQJob | undefined> {
    const facts = await this.#reader.facts(id);
    return facts && new BullMQJob(facts, this.#commands);
  }
}

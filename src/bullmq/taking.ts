import type { Job } from 'bullmq';
import { CrashError, ExpiredError } from '../index.js';
import * as internals from '../internals.js';
import { type Connection, FIELDS } from './connection.js';
import type { Endings } from './endings.js';
import { unpackV8 } from './json.js';
import type { CheckedBullMQOptions } from './options.js';
import { type JobData, stalledError, unpackError } from './stored.js';
import { factsOf, TakenJob } from './taken-job.js';

/** How long a job waits of whose definition this process does not know, in milliseconds: another may. */
const UNKNOWN_DELAY = 5_000;
/** How long a suspect waits while another runs here, in milliseconds. */
const SUSPECT_DELAY = 200;

/** What taking needs of its queue. */
interface Parts {
  readonly options: CheckedBullMQOptions;
  readonly connection: Connection;
  readonly kinds: internals.Kinds;
  readonly logger: internals.JobLogger | undefined;
}

/**
 * Takes jobs that BullMQ hands out, and sends those back that must not start. A job that was found without its process may be what
 * ended it, or was only near: such suspects run one at a time in a process, so that what ends processes is soon alone with its count.
 */
export class Taking {
  readonly #parts: Parts;
  readonly #endings: Endings;
  readonly #maxStalled: number;
  #order = 0;
  #suspect: string | undefined;

  constructor(parts: Parts, endings: Endings) {
    this.#parts = parts;
    this.#endings = endings;
    this.#maxStalled = parts.options.maxStalled;
  }

  /** A job of this process is over. */
  over(id: string): void {
    if (this.#suspect === id) this.#suspect = undefined;
  }

  /** Rejects with what BullMQ must hear of a job that is not started; `undefined` for a run of a schedule that is left out. */
  async take(job: Job, token: string): Promise<TakenJob | undefined> {
    const kind = this.#parts.kinds.named(job.name);
    if (kind === undefined) {
      this.#parts.logger?.error({ jobId: job.id, job: job.name }, 'a job came whose definition is not among "jobs": it is put off');
      throw await this.#endings.putOff({ job, token }, UNKNOWN_DELAY);
    }
    if (job.stalledCounter > 0 && this.#suspect !== undefined) throw await this.#endings.putOff({ job, token }, SUSPECT_DELAY);
    if (job.stalledCounter > 0) this.#suspect = job.id;
    if ((job.data as JobData).alone && (await this.#isBeside(job))) {
      job.opts.removeOnComplete = true;
      return undefined;
    }
    // Not counted as another start by BullMQ when its process died.
    const again = job.attemptsStarted > 1 || job.stalledCounter > 0;
    const fields = again ? [FIELDS.checkpoint, FIELDS.cancel] : [];
    const [checkpoint, cancel] = await this.#parts.connection.read(job.id as string, fields);
    const taken = new TakenJob({ job, token, kind, order: ++this.#order, checkpoint: checkpoint ? unpackV8(checkpoint) : undefined });
    const refusal = await this.#refuse(taken, cancel ?? undefined);
    if (refusal !== undefined) throw refusal;
    return taken;
  }

  /** Whether an earlier run of the same schedule is active, anywhere. */
  async #isBeside({ id = '', repeatJobKey }: Job): Promise<boolean> {
    if (repeatJobKey === undefined) return false;
    const { redis } = this.#parts.connection;
    const active = await redis.lrange(this.#parts.connection.keyOf('active'), 0, -1);
    return active.some((other) => other !== id && other.startsWith(`repeat:${repeatJobKey}:`) && other < id);
  }

  /** What ends a job that must not be started. */
  #refuse(taken: TakenJob, cancel: string | undefined): Promise<unknown> | undefined {
    const { job, kind, data } = taken;
    const { name, delivery, maxWait = Number.POSITIVE_INFINITY } = kind.definition;
    if (cancel !== undefined) return this.#endings.cancelled(taken, internals.cancelled(taken, unpackError(cancel)));
    if (job.stalledCounter > 0 && delivery === 'at-most-once') {
      const error = new CrashError(`${name} lost its process, and is delivered at most once`, 'exit', -1, factsOf(taken));
      return this.#endings.failed(taken, { outcome: 'interrupted', error, startedAt: job.processedOn ?? 0, duration: 0, threadId: 0 });
    }
    if (job.stalledCounter > 0) return this.#suspected(taken);
    const most = data.maxWait ?? maxWait;
    if (job.attemptsStarted > 1 || internals.timers.dateNow() - job.timestamp <= most) return undefined;
    const error = new ExpiredError(`${name} was not started within ${most} ms: it expired`, undefined, factsOf(taken));
    return this.#endings.cancelled(taken, error);
  }

  async #suspected(taken: TakenJob): Promise<unknown> {
    const { id, job, kind } = taken;
    const times = await this.#parts.connection.count(id, FIELDS.suspicions);
    if (times <= this.#maxStalled) return undefined;
    const error = stalledError(kind.definition.name, id, times);
    return this.#endings.failed(taken, { outcome: 'crashed', error, startedAt: job.processedOn ?? 0, duration: 0, threadId: 0 });
  }
}

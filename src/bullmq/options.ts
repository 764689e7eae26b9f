import type { Redis, RedisOptions } from 'ioredis';
import { type JobDefinition, OptionsError, type QueueOptions } from '../index.js';
import * as internals from '../internals.js';

/** Options of queues that are the same wherever jobs are kept. */
const SHARED = [
  'name',
  'jobs',
  'threads',
  'minThreads',
  'idleTimeout',
  'recycle',
  'spareThreads',
  'maxBatch',
  'maxInputBytes',
  'logger',
  'logMetadata',
  'worker',
  'postMortem',
] as const satisfies (keyof QueueOptions)[];

/** Options of a `BullMQJobQueue`; all but `connection` have defaults. */
export interface BullMQJobQueueOptions extends Pick<QueueOptions, (typeof SHARED)[number]> {
  /** Where Redis is: a URL, options of ioredis, or a client, whose options are used. */
  connection: string | RedisOptions | Redis;
  /** What the keys in Redis begin with, before the queue's name. Default `'bull'`, as BullMQ's. */
  prefix?: string;
  /** What this process does: adds jobs (`'producer'`, no threads), runs them (`'worker'`), or both. Default `'both'`. */
  role?: 'both' | 'producer' | 'worker';
  /** Jobs that this process takes beyond those its threads run, so that no thread waits for Redis. Others cannot run them meanwhile. Default `threads`. */
  prefetch?: number;
  /** How long Redis believes that a job runs without hearing of it, in milliseconds; a thread renews it in half that time. Default 30 000. */
  lockDuration?: number;
  /** How often a worker looks for jobs whose process has died, in milliseconds. Default 30 000. */
  stalledInterval?: number;
  /** How often a job may be found without its process; one more, and it is a dead letter. Default 3. */
  maxStalled?: number;
  /** Last completed jobs that are kept for reading; at most so many, and for `ttl` milliseconds. A number is `max`. Default `{ max: 1000 }`. */
  keepCompleted?: number | { max?: number; ttl?: number };
  /** At most `max` dead letters are kept; BullMQ drops the oldest without a word. Default no limit. */
  deadLetters?: { max?: number };
  /** How long the key of a completed job stands for it, in milliseconds. Default one hour. */
  idempotency?: { ttl?: number };
}

const { checked, count, number, object, oneOf, optional, orEmpty, orMax, such, whole } = internals.checks;

const isConnection = (value: unknown) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null);
const isPrefix = (value: unknown) => typeof value === 'string' && /^[^:{}]+$/.test(value);

const ownOptions: internals.checks.Check<OwnOptions> = object({
  connection: such(isConnection, 'expected a URL, options of ioredis, or a client of ioredis'),
  prefix: optional(such(isPrefix, 'expected a text without ":"'), 'bull'),
  role: optional(oneOf('both', 'producer', 'worker'), 'both'),
  prefetch: optional(whole),
  lockDuration: optional(number(100), 30_000),
  stalledInterval: optional(number(100), 30_000),
  maxStalled: optional(whole, 3),
  keepCompleted: orEmpty(orMax(object({ max: optional(whole, 1_000), ttl: optional(number(1)) }))),
  deadLetters: orEmpty(object({ max: optional(count) })),
  idempotency: orEmpty(object({ ttl: optional(number(1), 3_600_000) })),
});

type Own = Omit<BullMQJobQueueOptions, (typeof SHARED)[number]>;

/** Those of this engine, with their defaults. */
interface OwnOptions extends Required<Omit<Own, 'prefetch'>>, Pick<Own, 'prefetch'> {
  keepCompleted: { max: number; ttl?: number };
  deadLetters: { max?: number };
  idempotency: { ttl: number };
}

const WHERE = 'new BullMQJobQueue';

/** Throws {@link OptionsError}. */
export function checkBullMQOptions(options: BullMQJobQueueOptions) {
  const given = Object.entries(options ?? {});
  const isShared = ([key]: [string, unknown]) => (SHARED as readonly string[]).includes(key);
  const own = checked(ownOptions, Object.fromEntries(given.filter((entry) => !isShared(entry))), WHERE);
  const shared = internals.checkQueueOptions(Object.fromEntries(given.filter(isShared)), WHERE);
  if (shared.name.includes(':')) throw new OptionsError(`${WHERE}: option "name": expected a text without ":", given '${shared.name}'`);
  return { ...shared, ...own, prefetch: own.prefetch ?? shared.threads, limits: limitsOf(shared.jobs) };
}

export type CheckedBullMQOptions = ReturnType<typeof checkBullMQOptions>;

/** BullMQ's limits are those of a queue: a definition that has limits is alone in its own. Throws {@link OptionsError}. */
function limitsOf(jobs: readonly JobDefinition[]) {
  for (const definition of jobs) {
    refuseGroup(definition);
    if (jobs.length > 1 && isLimited(definition)) {
      throw new OptionsError(
        `${WHERE}: job "${definition.name}" has a concurrency or a rateLimit, which BullMQ counts for a whole queue: give it a queue of its own, with another name and "jobs" of only this`,
      );
    }
  }
  const [only] = jobs;
  return { concurrency: only?.concurrency ?? Number.POSITIVE_INFINITY, rateLimit: only?.rateLimit };
}

export function isLimited({ concurrency, rateLimit }: JobDefinition): boolean {
  return Number.isFinite(concurrency) || rateLimit !== undefined;
}

/** Throws {@link OptionsError}. */
export function refuseGroup({ name, group }: JobDefinition): void {
  if (group === undefined) return;
  throw new OptionsError(`job "${name}" has the option "group", which BullMQ has not: give each group a queue of its own, or leave it out`);
}

import { Queue, type QueueBaseOptions } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { CheckedBullMQOptions } from './options.js';
import type { Tombstone } from './stored.js';

/** For a worker, which waits until Redis is back. */
const PATIENT = { maxRetriesPerRequest: null } as const;

/** Fields of ours in a job's hash in Redis begin with this: they go when the job goes. */
const FIELD = 'threadmill:';
export const FIELDS = {
  checkpoint: `${FIELD}checkpoint`,
  cancel: `${FIELD}cancel`,
  putOffs: `${FIELD}putOffs`,
  suspicions: `${FIELD}suspicions`,
  attempt: (number: number) => `${FIELD}attempt:${number}`,
};

/** Writes fields of a job, for the attempt that holds its lock; gives what it was cancelled with, or nil, or false without the lock. */
const WRITE = `
if redis.call('GET', KEYS[1] .. ':lock') ~= ARGV[1] then return 0 end
if #ARGV > 1 then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
return redis.call('HGET', KEYS[1], '${FIELDS.cancel}')`;

/** Marks a job as cancelled while an attempt may run. */
const MARK = `
if redis.call('EXISTS', KEYS[1] .. ':lock') == 0 then return 0 end
return redis.call('HSET', KEYS[1], '${FIELDS.cancel}', ARGV[1]) + 1`;

/** A client that knows our scripts, and sends their text only where Redis does not have it. */
type Scripted = Redis & {
  threadmillWrite(key: string, token: string, ...fields: string[]): Promise<number | string | null>;
  threadmillMark(key: string, reason: string): Promise<number>;
};

/** Milliseconds that a {@link Tombstone} stands. */
const TOMBSTONE_TTL = 3_600_000;

/** A queue's connection to Redis, and what we write there beside what BullMQ writes. */
export class Connection {
  readonly redis: Scripted;
  readonly queue: Queue;
  /** For all parts of BullMQ. */
  readonly ofParts: QueueBaseOptions & { prefix: string };

  constructor({ connection, prefix, name }: CheckedBullMQOptions, settings: object, failed: (error: unknown) => void) {
    this.redis = scripted(clientOf(connection));
    this.redis.on('error', failed);
    this.ofParts = { connection: this.redis as never, prefix };
    this.queue = new Queue(name, { ...this.ofParts, settings } as never);
    this.queue.on('error', failed);
  }

  keyOf(part: string): string {
    return this.queue.toKey(part);
  }

  /** Options for another connection, which survive being cloned. */
  get plainOptions(): RedisOptions {
    return plain({ ...this.redis.options, ...PATIENT }) as RedisOptions;
  }

  /** Writes fields of a job whose lock an attempt holds. Gives what the job was cancelled with meanwhile; `false` when the lock is lost. */
  async write(id: string, token: string, fields: Record<string, string> = {}): Promise<string | undefined | false> {
    const answer = await this.redis.threadmillWrite(this.keyOf(id), token, ...Object.entries(fields).flat());
    return answer === 0 ? false : ((answer ?? undefined) as string | undefined);
  }

  /** Whether an attempt may be running that now finds it. */
  async markCancelled(id: string, reason: string): Promise<boolean> {
    return (await this.redis.threadmillMark(this.keyOf(id), reason)) !== 0;
  }

  /** Counts in a field of a job; gives how much it is now. */
  count(id: string, field: string): Promise<number> {
    return this.redis.hincrby(this.keyOf(id), field, 1);
  }

  read(id: string, fields: readonly string[]): Promise<(string | null)[]> {
    return fields.length === 0 ? Promise.resolve([]) : this.redis.hmget(this.keyOf(id), ...fields);
  }

  async forget(id: string, fields: readonly string[]): Promise<void> {
    if (fields.length > 0) await this.redis.hdel(this.keyOf(id), ...fields);
  }

  async bury(id: string, tombstone: Tombstone): Promise<void> {
    await this.redis.set(this.#tombOf(id), JSON.stringify(tombstone), 'PX', TOMBSTONE_TTL);
  }

  async tombstone(id: string): Promise<Tombstone | undefined> {
    const text = await this.redis.get(this.#tombOf(id));
    return text === null ? undefined : (JSON.parse(text) as Tombstone);
  }

  async exhume(id: string): Promise<void> {
    await this.redis.del(this.#tombOf(id));
  }

  #tombOf(id: string): string {
    return this.keyOf(`${FIELD}end:${id}`);
  }
}

function scripted(redis: Redis): Scripted {
  redis.defineCommand('threadmillWrite', { numberOfKeys: 1, lua: WRITE });
  redis.defineCommand('threadmillMark', { numberOfKeys: 1, lua: MARK });
  return redis as Scripted;
}

function clientOf(connection: CheckedBullMQOptions['connection']): Redis {
  if (typeof connection === 'string') return new Redis(connection, PATIENT);
  const { duplicate } = connection as Partial<Redis>;
  return typeof duplicate === 'function'
    ? (connection as Redis).duplicate(PATIENT)
    : new Redis({ ...(connection as RedisOptions), ...PATIENT });
}

function plain(options: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => {
      try {
        structuredClone(value);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

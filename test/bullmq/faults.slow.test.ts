import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Redis as Client } from 'ioredis';
import { type AnyJob, CrashError, TimeoutError } from 'threadmill';
import { BullMQJobQueue, type BullMQJobQueueOptions } from 'threadmill/bullmq';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as jobs from '../fixtures/redis-faults.job.js';
import { caught, closeAfterwards } from '../helpers.js';
import { noRedis, Redis } from './redis.js';

const script = fileURLToPath(new URL('../fixtures/scripts/redis-worker.mjs', import.meta.url));
const LOCKS = { lockDuration: 2_000, stalledInterval: 500 };

/** A process that runs jobs. */
class WorkerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly exited: Promise<unknown>;

  constructor(options: object) {
    this.#child = spawn(process.execPath, [script, JSON.stringify({ ...LOCKS, threads: 2, ...options })]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.exited = once(this.#child, 'exit');
  }

  /** The next line it prints, which must be this. */
  async says(line: string): Promise<void> {
    expect((await this.#lines.next()).value).toBe(line);
  }

  write(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

describe.skipIf(noRedis)(`faults of Redis and of processes${noRedis ? ` (${noRedis})` : ''}`, { timeout: 60_000 }, () => {
  let redis: Redis;
  let folder: string;
  let file: string;
  let processes: WorkerProcess[];
  let made = 0;

  beforeEach(async () => {
    redis = await Redis.start('--appendonly', 'yes', '--appendfsync', 'always');
    folder = mkdtempSync(join(tmpdir(), 'threadmill-faults-'));
    file = join(folder, 'ran');
    writeFileSync(file, '');
    processes = [];
    made++;
  });
  afterEach(async () => {
    await Promise.all(processes.map((one) => one.kill()));
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const options = (more: object = {}) => ({ connection: redis.url, name: `faults-${made}`, ...more });
  const producer = () =>
    closeAfterwards(
      new BullMQJobQueue({ ...options(), role: 'producer', logger: false, jobs: Object.values(jobs) } as BullMQJobQueueOptions),
    );
  const startWorker = async (more: object = {}) => {
    const worker = new WorkerProcess(options(more));
    processes.push(worker);
    await worker.says('ready');
    return worker;
  };
  const ran = () => readFileSync(file, 'utf8').trim().split('\n');
  const lines = async (count: number) => {
    while (ran().filter(Boolean).length < count) await pause(5);
  };
  /** Prints how often jobs ran, and gives how many ran more than once. */
  const counted = (what: string, expected: number) => {
    const runs = ran();
    const different = new Set(runs).size;
    const doubles = runs.length - different;
    console.log(`${what}: ${expected} jobs, ${different} ran, ${expected - different} lost, ${doubles} runs more than once`);
    expect(different).toBe(expected);
    return doubles;
  };
  const results = (added: readonly AnyJob[]) => Promise.all(added.map((job) => job.result()));
  const many = (count: number, ms: number) => Array.from({ length: count }, (_, key) => ({ file, key, ms }));

  test('a worker is killed in the middle: the other finishes its jobs', async () => {
    const queue = producer();
    const [victim] = await Promise.all([startWorker(), startWorker()]);
    const added = await queue.addBulk(jobs.leaves, many(120, 20));
    await lines(40);
    await victim.kill();
    expect(await results(added)).toEqual(added.map((_, key) => key));
    // It had four at most: two on threads, two taken ahead.
    expect(counted('SIGKILL of one of two workers', 120)).toBeLessThanOrEqual(4);
    expect(await queue.deadLetters.size).toBe(0);
  });

  test('Redis is restarted under load: what was accepted is done', async () => {
    const queue = producer();
    await startWorker();
    const adding: Promise<AnyJob>[] = [];
    const add = (key: number) => adding.push(queue.add(jobs.leaves, { file, key, ms: 5 }));
    for (let key = 0; key < 60; key++) add(key);
    await lines(20);
    await redis.down('SIGKILL');
    // These wait for it.
    for (let key = 60; key < 120; key++) add(key);
    await redis.up();
    const added = await Promise.all(adding);
    expect((await results(added)).sort((a, b) => Number(a) - Number(b))).toEqual(added.map((_, key) => key));
    expect(counted('Redis killed and restarted, append-only file', 120)).toBeLessThanOrEqual(4);
  });

  test('all connections are cut, and come back', async () => {
    const queue = producer();
    await Promise.all([startWorker(), startWorker()]);
    const waiting = many(100, 10).map((input) => queue.run(jobs.leaves, input));
    const client = new Client(redis.port);
    for (const count of [20, 50]) {
      await lines(count);
      for (const type of ['normal', 'pubsub']) await client.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
    }
    expect(await Promise.all(waiting)).toEqual(waiting.map((_, key) => key));
    client.disconnect();
    expect(counted('all connections cut, twice', 100)).toBeLessThanOrEqual(16);
  });

  test('a hung job on each of two workers stops neither', async () => {
    const queue = producer();
    await Promise.all([startWorker({ threads: 1, prefetch: 0 }), startWorker({ threads: 1, prefetch: 0 })]);
    const hung = await queue.addBulk(
      jobs.hangs,
      [1, 2].map((n) => ({ file, key: `hung ${n}` })),
    );
    const others = await queue.addBulk(jobs.leaves, many(20, 5));
    expect(await results(others)).toEqual(others.map((_, key) => key));
    for (const job of hung) {
      const error = await caught(job.result());
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ jobId: job.id, attempt: 2, postMortem: { kind: 'cpu' } });
    }
    expect(await queue.deadLetters.size).toBe(2);
    expect((await queue.stats()).counts).toMatchObject({ active: 0, completed: 20, failed: 2 });
    expect(counted('two hung jobs of two attempts each', 22)).toBe(2);
  });

  test('a job that kills its process each time is a dead letter, and the others are done', async () => {
    const queue = producer();
    const bad = await queue.add(jobs.poison, { file, key: 'poison' });
    const added = await queue.addBulk(jobs.leaves, many(10, 5));
    const ended = caught(bad.result());
    let over = false;
    void ended.finally(() => {
      over = true;
    });
    let died = 0;
    // As whoever runs the workers does: one that died is started again.
    while (!over) {
      const worker = new WorkerProcess(options({ maxStalled: 2 }));
      processes.push(worker);
      if (await Promise.race([worker.exited.then(() => true), ended.then(() => false)])) died++;
    }
    const error = await ended;
    expect(error).toBeInstanceOf(CrashError);
    expect(error.message).toContain('without the process that ran it');
    expect(await queue.deadLetters.list()).toMatchObject([{ id: bad.id, name: 'poison', reason: 'crashed' }]);
    expect(await results(added)).toEqual(added.map((_, key) => key));
    console.log(`poison: ${died} processes died of it`);
    expect(died).toBe(3);
    counted('beside a poison job', 11);
  });

  test('a main thread that is blocked for longer than a lock lasts keeps its job', async () => {
    const queue = producer();
    const flag = join(folder, 'flag');
    writeFileSync(flag, '');
    const blocked = await startWorker({ threads: 1, prefetch: 0 });
    const job = await queue.add(jobs.spins, { file, key: 'spins', flag });
    await lines(1);
    blocked.write('block 6000');
    await blocked.says('blocking');
    // It looks for jobs without a lock twice a second.
    await startWorker({ threads: 1, prefetch: 0 });
    await blocked.says('free');
    rmSync(flag);
    expect(await job.result()).toBe('spins');
    expect(counted('a main thread blocked for three times the lock', 1)).toBe(0);
  });

  test('a checkpoint survives the process; progress is heard elsewhere', async () => {
    const queue = producer();
    const flag = join(folder, 'flag');
    writeFileSync(flag, '');
    const heard: unknown[] = [];
    queue.on('progress', (_job, value) => heard.push(value));
    const first = await startWorker();
    const job = await queue.add(jobs.steps, { file, flag });
    const client = new Client(redis.port);
    const second = serialize(2).toString('base64');
    while ((await client.hget(`bull:${queue.name}:${job.id}`, 'threadmill:checkpoint')) !== second) await pause(5);
    client.disconnect();
    await first.kill();
    await startWorker();
    expect(await job.result()).toBe(2);
    expect(ran()).toEqual(['1', '2', '3']);
    expect(heard).toContain(2);
  });

  test('a job is cancelled from another process, running or waiting there', async () => {
    const queue = producer();
    const flag = join(folder, 'flag');
    writeFileSync(flag, '');
    await startWorker({ threads: 1, prefetch: 1 });
    const running = await queue.add(jobs.spins, { file, key: 1, flag });
    await lines(1);
    const ahead = await queue.add(jobs.spins, { file, key: 2, flag });
    while ((await queue.getJob(ahead.id))?.state !== 'active') await pause(5);
    expect(await ahead.cancel('not you')).toBe(true);
    expect(await caught(ahead.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'not you' });
    expect(await running.cancel('nor you')).toBe(true);
    expect(await caught(running.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'nor you' });
    expect(ran()).toEqual(['1']);
  });

  test('a worker that is closed gives back what it has not done', async () => {
    const queue = producer();
    const flag = join(folder, 'flag');
    writeFileSync(flag, '');
    const first = await startWorker({ threads: 1, prefetch: 3 });
    const added = await queue.addBulk(
      jobs.spins,
      [1, 2, 3].map((key) => ({ file, key, flag })),
    );
    await lines(1);
    first.write('close');
    while ((await queue.stats()).counts.active > 1) await pause(5);
    await startWorker({ threads: 2 });
    rmSync(flag);
    await first.says('closed');
    expect(await results(added)).toEqual([1, 2, 3]);
    expect(counted('a worker closed with jobs taken ahead', 3)).toBe(0);
  });
});

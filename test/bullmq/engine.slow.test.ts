import { once } from 'node:events';
import { Queue } from 'bullmq';
import { type AnyJob, ExpiredError, type JobDefinition, QueueClosedError } from 'threadmill';
import { BullMQJobQueue, type BullMQJobQueueOptions } from 'threadmill/bullmq';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as jobs from '../fixtures/engines.job.js';
import { caught, closeAfterwards, until, variant } from '../helpers.js';
import { noRedis, Redis } from './redis.js';

describe.skipIf(noRedis)(`BullMQJobQueue by itself${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: Redis;
  let made = 0;
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterAll(() => redis.stop());

  const newName = () => `engine-${++made}`;
  const make = (options: Partial<BullMQJobQueueOptions> & { jobs: readonly JobDefinition[] }) =>
    closeAfterwards(
      new BullMQJobQueue({ connection: redis.url, name: `engine-${made}`, threads: 2, spareThreads: 0, logger: false, ...options }),
    );

  it('refuses an input that JSON would change, with its path, and changes none in silence', async () => {
    const queue = make({ name: newName(), role: 'producer', jobs: [jobs.echo] });
    const message = expect.stringContaining('input.list[1].at is a Date, which JSON would change');
    const input = { list: [1, { at: new Date() }] };
    expect(await caught(queue.add(jobs.echo, input))).toMatchObject({ code: 'ERR_NOT_CLONEABLE', message, jobName: 'echo' });
    expect(await caught(queue.run(jobs.echo, input))).toMatchObject({ message });
    const bulk = await caught(queue.addBulk(jobs.echo, [1, { x: undefined }]));
    expect(bulk.message).toContain('inputs[1].x is undefined');
    expect((await queue.stats()).counts.waiting).toBe(0);
  });

  it('starts no more of a definition than its concurrency, in all processes together', async () => {
    const one = variant(jobs.lasts, { concurrency: 1 });
    const name = newName();
    const [queue] = [make({ name, jobs: [one] }), make({ name, jobs: [one], role: 'worker' })];
    const added = await queue.addBulk(one, Array(5).fill({ ms: 20 }));
    await Promise.all(added.map((job) => job.result()));
    const ended = (await queue.list('completed')) as AnyJob[];
    const runs = ended.map(({ attempts }) => attempts[0]).sort((a, b) => a.startedAt - b.startedAt);
    expect(runs).toHaveLength(5);
    // Starts are in whole milliseconds.
    runs.slice(1).forEach((run, at) => {
      expect(run.startedAt + 1).toBeGreaterThanOrEqual(runs[at].startedAt + runs[at].duration);
    });
  });

  it('starts no more of a definition in a time than its rateLimit', async () => {
    const limited = variant(jobs.echo, { rateLimit: { max: 2, duration: 400 } });
    const queue = make({ name: newName(), jobs: [limited] });
    await queue.ready();
    const added = await queue.addBulk(limited, [1, 2, 3]);
    await Promise.all(added.map((job) => job.result()));
    const [first, , third] = (await queue.list('completed')).map(({ attempts }) => attempts[0].startedAt).sort((a, b) => a - b);
    expect(third - first).toBeGreaterThan(200);
  });

  it('spends no attempt on a RateLimitedError', async () => {
    const queue = make({ name: newName(), jobs: [jobs.throttled] });
    expect(await queue.run(jobs.throttled, {})).toBe(1);
    expect((await queue.stats()).totals.snoozed).toBe(1);
  });

  it('tells of a cancelled job what it was added with', async () => {
    const queue = make({ name: newName(), jobs: [jobs.echo] });
    const job = await queue.add(jobs.echo, 1, { priority: 7, delay: 60_000, metadata: 'mine' });
    expect(await job.cancel()).toBe(true);
    expect(await queue.getJob(job.id)).toMatchObject({ state: 'cancelled', input: 1, priority: 7, metadata: 'mine' });
  });

  it('drops a job that was not started within its maxWait', async () => {
    const queue = make({ name: newName(), jobs: [jobs.echo] });
    await queue.pause();
    const job = await queue.add(jobs.echo, 1, { maxWait: 1 });
    const result = caught(job.result());
    await until(() => Date.now() > job.addedAt + 1);
    await queue.resume();
    expect(await result).toBeInstanceOf(ExpiredError);
    expect(await queue.getJob(job.id)).toMatchObject({ state: 'cancelled' });
  });

  it('puts a job off whose definition it does not know, for who knows it', async () => {
    const name = newName();
    const older = make({ name, jobs: [jobs.echo] });
    const job = await make({ name, jobs: [], role: 'producer' }).add(jobs.facts, 1);
    while ((await older.getJob(job.id))?.state !== 'delayed') await new Promise(setImmediate);
    await older.close();
    const newer = make({ jobs: [jobs.echo, jobs.facts] });
    await newer.ready();
    const [again] = await newer.list('delayed');
    expect(again).toMatchObject({ id: job.id, attempt: 0 });
    await again.promote();
    expect(await again.result()).toMatchObject({ attempt: 1 });
  });

  it('leaves out a run of a schedule while one before it runs, unless told otherwise', async () => {
    const queue = make({ name: newName(), jobs: [jobs.lasts] });
    const done: AnyJob[] = [];
    const enough = new Promise<void>((resolve) => queue.on('completed', (job) => void (done.push(job) === 3 && resolve())));
    const schedule = await queue.schedule(jobs.lasts, { ms: 50 }, { every: 10 });
    await enough;
    await schedule.stop();
    const runs = done.map(({ attempts }) => attempts[0]).sort((a, b) => a.startedAt - b.startedAt);
    runs.slice(1).forEach((run, at) => {
      expect(run.startedAt + 1).toBeGreaterThanOrEqual(runs[at].startedAt + runs[at].duration);
    });
    expect((await queue.stats()).counts.delayed).toBe(0);
  });

  it('keeps as many completed jobs, and dead letters, as it was told', async () => {
    const queue = make({ name: newName(), jobs: [jobs.echo, jobs.final], keepCompleted: 2, deadLetters: { max: 1 }, threads: 1 });
    for (let n = 0; n < 4; n++) await queue.run(jobs.echo, n);
    for (let n = 0; n < 3; n++) await caught((await queue.add(jobs.final, n)).result());
    expect((await queue.list('completed')).map(({ output }) => output)).toEqual([3, 2]);
    expect(await queue.deadLetters.list()).toMatchObject([{ input: 2 }]);
  });

  it('hands a job back that runs when it is closed at once, and another finishes it', async () => {
    const name = newName();
    const first = make({ name, jobs: [jobs.holds, jobs.lasts] });
    const running = once(first, 'progress');
    const job = await first.add(jobs.holds, {});
    await running;
    const producer = make({ name, role: 'producer', jobs: [jobs.holds] });
    expect(await first.close({ drain: 'none' })).toEqual({ unfinished: [] });
    expect(await producer.getJob(job.id)).toMatchObject({ state: 'waiting', attempt: 0, attempts: [] });
    const again = once(producer, 'progress');
    make({ name, role: 'worker', jobs: [jobs.holds] });
    await again;
    expect(await (await producer.getJob(job.id))?.cancel()).toBe(true);
  });

  it('ends one that must not run twice, when its process gives it up', async () => {
    const once1 = variant(jobs.holds, { delivery: 'at-most-once' });
    const name = newName();
    const first = make({ name, jobs: [once1] });
    const producer = make({ name, role: 'producer', jobs: [once1] });
    const running = once(first, 'progress');
    const job = await producer.add(once1, {});
    const result = caught(job.result());
    await running;
    await first.close({ drain: 'none' });
    expect(await result).toBeInstanceOf(QueueClosedError);
    expect(await producer.deadLetters.list()).toMatchObject([{ id: job.id, reason: 'interrupted' }]);
  });

  it('is a queue of BullMQ, as its tools know it', async () => {
    const queue = make({ name: newName(), jobs: [jobs.fails] });
    const job = await queue.add(jobs.fails, { message: 'oh' });
    await caught(job.result());
    const bullmq = new Queue(queue.name, { connection: { port: redis.port } });
    const [failed] = await bullmq.getFailed();
    expect(failed).toMatchObject({ id: job.id, name: 'fails', data: { input: { message: 'oh' } }, failedReason: 'oh 2', attemptsMade: 2 });
    expect(failed?.stacktrace?.[0]).toContain('engines.job.js');
    await bullmq.close();
  });
});

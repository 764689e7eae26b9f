import { once } from 'node:events';
import {
  type AnyJob,
  type AnyJobQueue,
  type AnySchedule,
  CancelledError,
  CrashError,
  ExpiredError,
  type JobDefinition,
  NotFoundError,
  OptionsError,
  QueueClosedError,
  TimeoutError,
} from 'threadmill';
import { describe, expect, it } from 'vitest';
import * as jobs from '../fixtures/engines.job.js';
import { numberAt } from '../fixtures/schema.js';
import { caught, variant } from '../helpers.js';

/** What an engine cannot promise, each with its row in the guide: what is skipped for it is skipped for that reason. */
export const CANNOT = {
  kill: 'a handler that never yields, or calls `process.exit()`',
  catchLate: 'an error that nobody catches, when its job has ended',
} as const;

/** A queue under test. */
export interface Engine {
  readonly name: string;
  /** Makes a queue of two threads that is closed after the test; each call another one, which is empty. */
  make(jobs: readonly JobDefinition[]): AnyJobQueue;
  readonly cannot?: readonly (keyof typeof CANNOT)[];
  /** Moves the time on, where it stands still; without it, time passes by itself. */
  pass?(queue: AnyJobQueue, ms: number): Promise<void>;
}

export const definitions = Object.values(jobs) as JobDefinition[];

/** Every promise of the interface that can hold on all engines. */
export function conforms({ name, make, cannot = [], pass: move }: Engine): void {
  describe(`${name} is a job queue`, () => {
    const queueOf = () => make(definitions);
    /** So much time passes, where it does not by itself; and goes on until something is so. */
    const pass = async (queue: AnyJobQueue, ms: number, isSo: () => boolean | Promise<boolean> = () => true) => {
      await move?.(queue, ms);
      while (!(await isSo())) await new Promise(setImmediate);
    };
    const reason = (what: keyof typeof CANNOT) => (cannot.includes(what) ? ` (not here, as the guide says: ${CANNOT[what]})` : '');
    const ended = (queue: AnyJobQueue, job: AnyJob) =>
      job
        .result()
        .catch(() => {})
        .then(() => queue.getJob(job.id)) as Promise<AnyJob>;

    /** A job that runs. */
    const started = async (queue: AnyJobQueue, definition: JobDefinition) => {
      const active = once(queue as never, 'active');
      const job = await queue.add(definition, {});
      await active;
      return job;
    };

    describe('what goes in comes out', () => {
      it.each([[{ a: [1, 'x', null, true, { b: {} }] }], [null], ['text'], [0], [[]], [{ proto: 1, é: '\u2028\ud800' }]])(
        '%j',
        async (input) => {
          const queue = queueOf();
          expect(await queue.run(jobs.echo, input)).toEqual(input);
        },
      );

      it('nothing is undefined', async () => {
        expect(await queueOf().run(jobs.nothing, {})).toBe(undefined);
      });

      it('an output that JSON would change is not changed', async () => {
        expect(await queueOf().run(jobs.dated, {})).toEqual({ at: new Date(1), bytes: new Uint8Array([1, 2]) });
      });

      it('a codec lets inputs and outputs pass', async () => {
        const queue = queueOf();
        expect(await queue.run(jobs.coded, { n: 21n })).toEqual({ twice: 42n });
        const job = await queue.add(jobs.coded, { n: 2n });
        await job.result();
        expect(await queue.getJob(job.id)).toMatchObject({ input: { n: 2n }, output: { twice: 4n } });
      });

      it('the handler knows its job', async () => {
        const queue = queueOf();
        const job = await queue.add(jobs.facts, 1, { metadata: { of: ['x'] }, maxAttempts: 3 });
        expect(await job.result()).toEqual({ input: 1, id: job.id, name: 'facts', attempt: 1, maxAttempts: 3, metadata: { of: ['x'] } });
      });

      it('many jobs go in together, in their order', async () => {
        const queue = queueOf();
        const added = await queue.addBulk(jobs.echo, [1, 2, 3]);
        expect(added.map(({ input }) => input)).toEqual([1, 2, 3]);
        expect(await Promise.all(added.map((job) => job.result()))).toEqual([1, 2, 3]);
        expect(await queue.addBulk(jobs.echo, [])).toEqual([]);
      });
    });

    describe('what is wrong is refused', () => {
      const strict = variant(jobs.echo, { input: numberAt('n') } as never);

      it('an input that the schema refuses, and of many all', async () => {
        const queue = make([strict]);
        expect(await caught(queue.add(strict, {} as never))).toMatchObject({
          code: 'ERR_INPUT',
          message: expect.stringContaining('input.n'),
        });
        expect(await caught(queue.addBulk(strict, [{ n: 1 }, {}] as never))).toMatchObject({
          message: expect.stringContaining('inputs[1].n'),
        });
        expect((await queue.stats()).counts).toMatchObject({ waiting: 0, active: 0, completed: 0 });
      });

      it('an option that is none, or has no sense', async () => {
        const queue = queueOf();
        expect(await caught(queue.add(jobs.echo, 1, { retries: 3 } as never))).toBeInstanceOf(OptionsError);
        expect(await caught(queue.run(jobs.echo, 1, { timeout: 0 }))).toBeInstanceOf(OptionsError);
        expect(await caught(queue.add(jobs.echo, 1, { onDuplicate: 'join' }))).toBeInstanceOf(OptionsError);
        expect(await caught(Promise.resolve().then(() => queue.list('nowhere' as never)))).toBeInstanceOf(OptionsError);
      });

      it('a signal that is aborted, and a queue that is closed', async () => {
        const queue = queueOf();
        expect(await caught(queue.add(jobs.echo, 1, { signal: AbortSignal.abort() }))).toBeInstanceOf(CancelledError);
        await queue.close();
        expect(await caught(queue.add(jobs.echo, 1))).toBeInstanceOf(QueueClosedError);
        expect(await caught(queue.run(jobs.echo, 1))).toBeInstanceOf(QueueClosedError);
        expect(await queue.close()).toEqual({ unfinished: [] });
      });
    });

    describe('an error arrives as it was thrown', () => {
      it('with its class, code, cause and properties', async () => {
        const error = await caught(queueOf().run(jobs.fails, { message: 'oh' }));
        expect(error).toBeInstanceOf(RangeError);
        expect(error).toMatchObject({ message: 'oh 2', code: 'ERR_NO', at: new Date(0), cause: { name: 'TypeError', message: 'why' } });
        expect(error.stack).toContain('engines.job.js');
      });

      it('and every attempt is kept', async () => {
        const queue = queueOf();
        const job = await ended(queue, await queue.add(jobs.fails, { message: 'oh' }));
        expect(job).toMatchObject({ state: 'failed', attempt: 2, error: { message: 'oh 2' } });
        expect(job.attempts).toMatchObject([
          { number: 1, outcome: 'failed', error: { message: 'oh 1' } },
          { number: 2, outcome: 'failed', error: { message: 'oh 2' } },
        ]);
        expect(job.finishedAt).toBeGreaterThanOrEqual(job.addedAt);
      });

      it('to all who ask, before and after', async () => {
        const queue = queueOf();
        const job = await queue.add(jobs.final, {});
        const both = await Promise.all([caught(job.result()), caught(job.result())]);
        expect([...both, await caught(job.result())]).toMatchObject(Array(3).fill({ message: 'never', code: 'ERR_UNRECOVERABLE' }));
      });
    });

    describe('an attempt that fails is followed by another', () => {
      it('until one completes', async () => {
        const queue = queueOf();
        const job = await queue.add(jobs.flaky, { until: 3 });
        expect(await job.result()).toBe(3);
        const { attempts, state, output } = (await queue.getJob(job.id)) as AnyJob;
        expect({ state, output }).toEqual({ state: 'completed', output: 3 });
        expect(attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
          [1, 'failed'],
          [2, 'failed'],
          [3, 'completed'],
        ]);
        expect(attempts.at(-1)?.duration).toBeGreaterThanOrEqual(0);
      });

      it('later each time, by a backoff that is shortened at random', async () => {
        const queue = queueOf();
        const delays: number[] = [];
        const four = new Promise<void>((resolve) => {
          queue.on('retrying', (_job, _error, delay) => void (delays.push(delay) === 4 && resolve()));
        });
        const backoff = { type: 'exponential', delay: 8, factor: 2, maxDelay: 20, jitter: 0.5 } as const;
        const job = await queue.add(jobs.flaky, { until: 5 }, { maxAttempts: 5, backoff });
        await Promise.all([job.result(), four]);
        const shares = [8, 16, 20, 20].map((most, at) => (delays[at] as number) / most);
        expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.5);
        expect(Math.max(...shares)).toBeLessThanOrEqual(1);
        expect(new Set(shares).size).toBeGreaterThan(1);
        const { attempts } = (await queue.getJob(job.id)) as AnyJob;
        attempts.slice(1).forEach(({ startedAt }, at) => {
          const before = attempts[at] as (typeof attempts)[number];
          // Dates are in whole milliseconds, and Redis counts in them.
          expect(startedAt + 2).toBeGreaterThanOrEqual(before.startedAt + before.duration + (delays[at] as number));
        });
      });

      it('none after an UnrecoverableError', async () => {
        const queue = queueOf();
        expect((await ended(queue, await queue.add(jobs.final, {}))).attempts).toHaveLength(1);
      });

      it('with `run` none at all, and no dead letter', async () => {
        const queue = queueOf();
        expect(await caught(queue.run(jobs.flaky, { until: 2 }))).toMatchObject({ message: 'attempt 1' });
        expect(await queue.deadLetters.size).toBe(0);
      });

      it('which finds the last checkpoint', async () => {
        const queue = queueOf();
        expect(await queue.run(jobs.counts, { to: 3 }, { maxAttempts: 4 })).toBe(3);
      });

      it('later, without having spent it, when the handler puts it off', async () => {
        expect(await queueOf().run(jobs.snoozes, {})).toEqual({ times: 2, attempt: 1 });
      });

      it('nor that of a RateLimitedError', async () => {
        const queue = make([jobs.throttled]);
        expect(await queue.run(jobs.throttled, {})).toBe(1);
        expect((await queue.stats()).totals).toMatchObject({ snoozed: 1, retried: 0 });
      });
    });

    describe('what does not end is ended', () => {
      it('a job that never settles, at its limit; the thread is free for others', async () => {
        const queue = queueOf();
        const killed = once(queue as never, 'thread-killed');
        const job = await started(queue, jobs.never);
        await pass(queue, 100);
        const error = await caught(job.result());
        expect(error).toBeInstanceOf(TimeoutError);
        expect(error).toMatchObject({ timeout: 100, jobName: 'never', jobId: job.id, attempt: 1 });
        expect((await killed)[0]).toMatchObject({ reason: 'timed-out', jobId: job.id });
        expect(await Promise.all([1, 2, 3].map((n) => queue.run(jobs.echo, n)))).toEqual([1, 2, 3]);
      });

      it('a job that stops when it is told to, within its grace period', async () => {
        const queue = queueOf();
        const job = await started(queue, jobs.stops);
        await pass(queue, 100);
        expect(await caught(job.result())).toBeInstanceOf(TimeoutError);
        expect((await queue.getJob(job.id))?.attempts).toMatchObject([{ outcome: 'timed-out' }]);
        expect((await queue.stats()).threads.killed).toBe(0);
      });
    });

    describe.skipIf(cannot.includes('kill'))(`what would not end is killed${reason('kill')}`, () => {
      it('a hung job at its limit, and where it was stuck is told', async () => {
        const queue = queueOf();
        const error = await caught(queue.run(jobs.hangs, {}));
        expect(error).toBeInstanceOf(TimeoutError);
        expect(error).toMatchObject({ timeout: 200, jobName: 'hangs', postMortem: { kind: 'cpu' } });
        expect(error.message).toContain('spinsForEver');
        expect(await queue.run(jobs.echo, 1)).toBe(1);
      });

      it('a job that ends its thread, and nobody else', async () => {
        const queue = queueOf();
        const [error, output] = await Promise.all([caught(queue.run(jobs.exits, {})), queue.run(jobs.echo, 1)]);
        expect(error).toBeInstanceOf(CrashError);
        expect(error).toMatchObject({ reason: 'exit', exitCode: 3 });
        expect(output).toBe(1);
      });
    });

    describe('cancelling', () => {
      it('ends a job that runs', async () => {
        const queue = queueOf();
        const said = once(queue as never, 'progress');
        const job = await queue.add(jobs.holds, {});
        await said;
        expect(await job.cancel('enough')).toBe(true);
        const error = await caught(job.result());
        expect(error).toBeInstanceOf(CancelledError);
        expect(error).toMatchObject({ reason: 'enough', jobId: job.id });
        expect(await queue.getJob(job.id)).toMatchObject({ state: 'cancelled' });
        expect(await job.cancel()).toBe(false);
      });

      it('ends a job that waits', async () => {
        const queue = queueOf();
        const job = await queue.add(jobs.echo, 1, { delay: 3_600_000 });
        expect(job.state).toBe('delayed');
        expect(await job.cancel()).toBe(true);
        expect(await caught(job.result())).toBeInstanceOf(CancelledError);
        expect((await queue.stats()).counts.delayed).toBe(0);
      });

      it('by a signal', async () => {
        const queue = queueOf();
        const controller = new AbortController();
        const said = once(queue as never, 'progress');
        const result = caught(queue.run(jobs.holds, {}, { signal: controller.signal }));
        await said;
        controller.abort('left');
        expect(await result).toMatchObject({ code: 'ERR_CANCELLED', reason: 'left' });
      });

      it('comes too late for one that has ended', async () => {
        const queue = queueOf();
        const job = await queue.add(jobs.echo, 1);
        await job.result();
        expect(await job.cancel()).toBe(false);
        expect(await job.result()).toBe(1);
      });
    });

    describe('dead letters', () => {
      const dead = async (queue: AnyJobQueue, message: string) => ended(queue, await queue.add(jobs.fails, { message }));

      it('are kept with their input and attempts', async () => {
        const queue = queueOf();
        const { id } = await ended(queue, await queue.add(jobs.fails, { message: 'a' }, { metadata: { tenant: 1 } }));
        expect(await queue.deadLetters.size).toBe(1);
        const letter = { id, name: 'fails', input: { message: 'a' }, reason: 'failed', error: { message: 'a 2' }, metadata: { tenant: 1 } };
        expect(await queue.deadLetters.get(id)).toMatchObject({ ...letter, attempts: [{ number: 1 }, { number: 2 }] });
        expect(await queue.deadLetters.list()).toMatchObject([letter]);
        expect(await queue.deadLetters.get('none')).toBe(undefined);
      });

      it('are listed newest first, by name and in parts', async () => {
        const queue = queueOf();
        const ids: string[] = [];
        for (const message of ['a', 'b', 'c']) ids.unshift((await dead(queue, message)).id);
        const other = (await ended(queue, await queue.add(jobs.final, {}))).id;
        const idsOf = async (options?: object) => (await queue.deadLetters.list(options)).map(({ id }) => id);
        expect(await idsOf()).toEqual([other, ...ids]);
        expect(await idsOf({ name: 'fails', offset: 1, limit: 1 })).toEqual([ids[1]]);
        expect(await idsOf({ limit: 0 })).toEqual([]);
      });

      it('run again under their id, from attempt 1, with another input', async () => {
        const queue = queueOf();
        const { id } = await ended(queue, await queue.add(jobs.flaky, { until: 9 }, { maxAttempts: 2 }));
        const again = await queue.deadLetters.replay(id, { input: { until: 2 } });
        expect(again.id).toBe(id);
        expect(await again.result()).toBe(2);
        expect((await queue.getJob(id))?.attempts).toMatchObject([{ number: 1 }, { number: 2, outcome: 'completed' }]);
        expect(await queue.deadLetters.size).toBe(0);
        expect(await caught(queue.deadLetters.replay(id))).toBeInstanceOf(NotFoundError);
      });

      it('many, by a filter; and are removed', async () => {
        const queue = queueOf();
        const first = await dead(queue, 'a');
        await dead(queue, 'b');
        const [again] = await queue.deadLetters.replay({ name: 'fails', limit: 1 });
        expect(again.id).toBe(first.id);
        await ended(queue, again);
        expect(await queue.deadLetters.remove(first.id)).toBe(1);
        expect(await queue.deadLetters.remove({ name: 'fails' })).toBe(1);
        expect(await queue.deadLetters.remove({})).toBe(0);
        expect(await queue.getJob(first.id)).toBe(undefined);
      });

      it('are none where the job says so', async () => {
        const queue = queueOf();
        const job = await ended(queue, await queue.add(jobs.fails, {}, { deadLetter: false }));
        expect(job).toMatchObject({ state: 'failed', attempt: 2, attempts: [{}, {}], error: { message: 'no 2' } });
        expect(await queue.deadLetters.size).toBe(0);
      });
    });

    describe('an idempotency key', () => {
      it('stands for its job while that lives, and after it completed', async () => {
        const queue = queueOf();
        await queue.pause();
        const first = await queue.add(jobs.echo, { n: 1 }, { idempotencyKey: 'k' });
        const second = await queue.add(jobs.echo, { n: 1 }, { idempotencyKey: 'k' });
        expect([second.id, first.deduplicated, second.deduplicated]).toEqual([first.id, false, true]);
        await queue.resume();
        await first.result();
        expect(await queue.run(jobs.echo, { n: 1 }, { idempotencyKey: 'k' })).toEqual({ n: 1 });
        expect((await queue.stats()).counts.completed).toBe(1);
      });

      it('with another input is refused; or answered with the job, or refused in any case', async () => {
        const queue = queueOf();
        const { id } = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
        expect(await caught(queue.add(jobs.echo, 2, { idempotencyKey: 'k' }))).toMatchObject({ code: 'ERR_IDEMPOTENCY' });
        expect(await caught(queue.add(jobs.echo, 1, { idempotencyKey: 'k', onDuplicate: 'reject' }))).toMatchObject({
          code: 'ERR_IDEMPOTENCY',
        });
        expect((await queue.add(jobs.echo, 2, { idempotencyKey: 'k', onDuplicate: 'drop' })).id).toBe(id);
        expect((await queue.add(jobs.facts, 2, { idempotencyKey: 'k' })).id).not.toBe(id);
      });

      it('is free again when its job failed', async () => {
        const queue = queueOf();
        const first = await queue.add(jobs.final, {}, { idempotencyKey: 'k' });
        await ended(queue, first);
        const second = await queue.add(jobs.final, {}, { idempotencyKey: 'k' });
        expect(second.id).not.toBe(first.id);
      });

      it('with `replace` is that of the newer job', async () => {
        const queue = queueOf();
        const first = await queue.add(jobs.echo, 1, { idempotencyKey: 'k', delay: 3_600_000 });
        const second = await queue.add(jobs.echo, 2, { idempotencyKey: 'k', onDuplicate: 'replace' });
        expect(await caught(first.result())).toBeInstanceOf(CancelledError);
        expect(await second.result()).toBe(2);
      });
    });

    describe('order and time', () => {
      it('higher priorities run first, equal ones in their order', async () => {
        const queue = queueOf();
        await queue.pause();
        const one = variant(jobs.echo, {});
        const added: AnyJob[] = [];
        for (const priority of [0, -1, 5, 0, 5]) added.push(await queue.add(one, priority, { priority }));
        const waiting = await queue.list('waiting');
        expect(waiting.map(({ priority }) => priority)).toEqual([5, 5, 0, 0, -1]);
        expect(waiting.map(({ id }) => id)).toEqual([2, 4, 0, 3, 1].map((at) => added[at]?.id));
        await queue.resume();
        await Promise.all(added.map((job) => job.result()));
      });

      it('a delayed job runs when its time has come, or when it is let', async () => {
        const queue = queueOf();
        const soon = await queue.add(jobs.echo, 'soon', { delay: 5 });
        await pass(queue, 5);
        expect(await soon.result()).toBe('soon');
        const job = await queue.add(jobs.echo, 'later', { delay: 3_600_000 });
        expect((await queue.list('delayed')).map(({ id }) => id)).toEqual([job.id]);
        expect(await job.promote()).toBe(true);
        expect(await job.result()).toBe('later');
        expect(await job.promote()).toBe(false);
      });

      it('nothing starts while the queue is paused', async () => {
        const queue = queueOf();
        await queue.pause();
        expect(await queue.isPaused).toBe(true);
        const job = await queue.add(jobs.echo, 1);
        expect((await queue.getJob(job.id))?.state).toBe('waiting');
        expect((await queue.stats()).counts.waiting).toBe(1);
        await queue.resume();
        expect(await queue.isPaused).toBe(false);
        expect(await job.result()).toBe(1);
      });

      it('a schedule adds runs until it is stopped, or has had as many as it may', async () => {
        const queue = queueOf();
        const done: unknown[] = [];
        const three = new Promise<void>((resolve) => {
          queue.on('completed', (job) => void (job.name === 'echo' && done.push(job.input) === 3 && resolve()));
        });
        const schedule = await queue.schedule(jobs.echo, 'tick', { every: 5 }, { limit: 3, overlap: true });
        expect(schedule.next).toBeTypeOf('number');
        for (let run = 0; run < 3; run++) await pass(queue, 5);
        await three;
        expect(done).toEqual(['tick', 'tick', 'tick']);
        const hourly = await queue.schedule(jobs.facts, 1, { cron: '0 * * * *', timezone: 'Europe/Berlin' });
        expect((hourly.next as number) % 3_600_000).toBe(0);
        expect(await (await hourly.trigger()).result()).toMatchObject({ name: 'facts' });
        await hourly.stop();
        expect((await queue.stats()).counts.delayed).toBe(0);
        expect(await caught(Promise.resolve().then(() => queue.schedule(jobs.echo, 1, { cron: 'x' })))).toBeInstanceOf(OptionsError);
      });
    });

    describe('what is over in time', () => {
      it('a job that was not started within its maxWait is dropped', async () => {
        const queue = queueOf();
        await queue.pause();
        const job = await queue.add(jobs.echo, 1, { maxWait: 1 });
        const result = caught(job.result());
        await pass(queue, 2, () => Date.now() > job.addedAt + 1);
        await queue.resume();
        expect(await result).toBeInstanceOf(ExpiredError);
        expect(await queue.getJob(job.id)).toMatchObject({ state: 'cancelled', attempts: [] });
      });

      it('the key of a completed job is free after its ttl', async () => {
        const queue = queueOf();
        const first = await queue.add(jobs.echo, 1, { idempotencyKey: 'k', ttl: 5 });
        await first.result();
        let second = first;
        await pass(queue, 5, async () => {
          second = await queue.add(jobs.echo, 1, { idempotencyKey: 'k' });
          return second.id !== first.id;
        });
        expect(second.deduplicated).toBe(false);
      });

      it('a schedule adds its first run at once, and none after its `until`', async () => {
        const queue = queueOf();
        const completed = once(queue as never, 'completed');
        const soon = (await queue.schedule(jobs.echo, 'now', { every: 3_600_000 }, { immediately: true })) as AnySchedule;
        expect((await completed)[0]).toMatchObject({ name: 'echo', input: 'now' });
        await soon.stop();
        const { next } = await queue.schedule(jobs.facts, 1, { every: 3_600_000 }, { until: 0 });
        expect(next).toBe(undefined);
        expect((await queue.stats()).counts.delayed).toBe(0);
      });
    });

    describe('events tell', () => {
      const heard = (queue: AnyJobQueue) => {
        const told: unknown[][] = [];
        for (const event of ['added', 'active', 'completed', 'failed', 'cancelled'] as const)
          queue.on(event as 'added', (job) => void told.push([event, job.name, job.state]));
        queue.on('retrying', (job, error, delay) => void told.push(['retrying', job.name, (error as Error).message, delay]));
        queue.on('progress', (job, value) => void told.push(['progress', job.name, value]));
        const drained = once(queue as never, 'drained');
        return { told, drained };
      };
      const namesOf = (told: unknown[][]) => told.map(([event]) => event);

      it('the life of a job, in its order', async () => {
        const queue = queueOf();
        const { told, drained } = heard(queue);
        await queue.add(jobs.counts, { to: 2 });
        await drained;
        expect(namesOf(told)).toEqual(['added', 'active', 'progress', 'retrying', 'active', 'progress', 'completed']);
        expect(told[3]).toEqual(['retrying', 'counts', 'only 1', 1]);
        expect(told.at(-1)).toEqual(['completed', 'counts', 'completed']);
      });

      it('that one failed, with its error', async () => {
        const queue = queueOf();
        const failed = once(queue as never, 'failed');
        await queue.add(jobs.final, {});
        const [job, error] = await failed;
        expect([job.state, error.message]).toEqual(['failed', 'never']);
      });

      it('that one was cancelled', async () => {
        const queue = queueOf();
        const cancelled = once(queue as never, 'cancelled');
        const { id, cancel } = await queue
          .add(jobs.echo, 1, { delay: 3_600_000 })
          .then((job) => ({ id: job.id, cancel: () => job.cancel('x') }));
        await cancel();
        const [job] = await cancelled;
        expect([job.id, job.state, job.error.reason]).toEqual([id, 'cancelled', 'x']);
      });

      it('that the queue was paused and resumed, until somebody no longer listens', async () => {
        const queue = queueOf();
        const told: string[] = [];
        const paused = () => void told.push('paused');
        const resumed = once(queue as never, 'resumed');
        queue.on('paused', paused);
        await queue.pause();
        await queue.resume();
        await resumed;
        queue.off('paused', paused);
        const again = once(queue as never, 'resumed');
        await queue.pause();
        await queue.resume();
        await again;
        expect(told).toEqual(['paused']);
      });

      it.skipIf(cannot.includes('catchLate'))(`of an error that came when its job had ended${reason('catchLate')}`, async () => {
        const queue = queueOf();
        const late = once(queue as never, 'late-error');
        const job = await queue.add(jobs.late, {});
        expect(await job.result()).toBe('in time');
        const [{ jobId }, error] = await late;
        expect([jobId, error]).toMatchObject([job.id, { message: 'too late' }]);
        expect(await queue.run(jobs.echo, 1)).toBe(1);
      });

      it('that a listener threw hurts nobody', async () => {
        const queue = queueOf();
        queue.on('completed', () => {
          throw new Error('listener');
        });
        const warned = once(process, 'warning');
        const heardAll = once(queue as never, 'completed');
        expect(await queue.run(jobs.echo, 1)).toBe(1);
        await heardAll;
        expect((await warned)[0].message).toContain('listener');
      });
    });

    it('jobs are found and listed by their state', async () => {
      const queue = queueOf();
      const jobOf = await queue.add(jobs.echo, { x: 1 }, { metadata: { m: 1 } });
      await jobOf.result();
      expect(await queue.getJob(jobOf.id)).toMatchObject({
        id: jobOf.id,
        name: 'echo',
        input: { x: 1 },
        output: { x: 1 },
        metadata: { m: 1 },
        state: 'completed',
        attempt: 1,
      });
      expect((await queue.list('completed')).map(({ id }) => id)).toEqual([jobOf.id]);
      expect(await queue.list('failed')).toEqual([]);
      expect(await queue.list('completed', { offset: 1 })).toEqual([]);
      expect(await queue.getJob('nobody')).toBe(undefined);
    });

    it('numbers add up', async () => {
      const queue = queueOf();
      await queue.run(jobs.echo, 1);
      await caught(queue.run(jobs.final, 1));
      const job = await queue.add(jobs.flaky, { until: 2 });
      await job.result();
      const { totals, counts, runTime } = await queue.stats();
      expect(totals).toMatchObject({ added: 3, completed: 2, failed: 1, retried: 1, cancelled: 0 });
      expect(counts).toMatchObject({ waiting: 0, active: 0, delayed: 0, completed: 2 });
      expect(runTime.max).toBeGreaterThanOrEqual(0);
    });

    it('what runs when the queue closes is waited for', async () => {
      const queue = queueOf();
      // An engine may call a job active that it has taken and no thread has: that one may go back.
      const runs = once(queue as never, 'progress');
      const result = queue.run(jobs.lasts, { ms: 30 });
      await runs;
      expect(await queue.close({ drain: 'active' })).toEqual({ unfinished: [] });
      expect(await result).toBe(30);
      expect(await caught(queue.add(jobs.echo, 1))).toBeInstanceOf(QueueClosedError);
    });

    it('what waits for a result when the queue closes is told so', async () => {
      const queue = queueOf();
      const said = once(queue as never, 'progress');
      const result = caught(queue.run(jobs.holds, {}));
      await said;
      await queue.close({ drain: 'none' });
      expect(await result).toBeInstanceOf(QueueClosedError);
    });
  });
}

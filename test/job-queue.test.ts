import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { JobQueue, OptionsError, type QueueEvent, QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { about, echo, flaky, hold, makesQueue, other } from './fixtures/basic.job.js';
import { misbehave } from './fixtures/faults.job.js';
import { sum } from './fixtures/schemas.job.js';
import { caught, EVENTS, expectBalanced, history, makeGate, makeQueue, moduleOf, next, thrownBy, until, variant } from './helpers.js';

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['name', '', /given ''/],
    ['name', 3, /expected string, given 3/],
    ['jobs', [{}], /definition from defineJob.*given \{\}/],
    ['threads', 0, /1, given 0/],
    ['threads', 1.5, /int.*given 1.5/],
    ['spareThreads', -1, /0, given -1/],
    ['maxBatch', 0, /1, given 0/],
    ['maxWaiting', 0, /1.*given 0/],
    ['whenFull', 'drop', /wait.*reject.*given 'drop'/],
    ['maxInputBytes', 0, /given 0/],
    ['keepCompleted', -1, /given -1/],
    ['logger', {}, /trace, debug, info, warn and error, or false, given \{\}/],
    ['logger', true, /given true/],
    ['deadLetters', 5, /expected object, given 5/],
    ['worker', 5, /expected object, given 5/],
  ])('%s: %j is refused with what was expected and given', (option, value, message) => {
    const error = thrownBy(() => new JobQueue({ [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(option);
    expect(error.message).toMatch(message);
  });

  test.each<[object, string]>([
    [{ thread: 2 }, '"thread"'],
    [{ deadLetters: { maximum: 2 } }, '"maximum" in "deadLetters"'],
    [{ idempotency: { ttl: 1, size: 2 } }, '"size" in "idempotency"'],
    [{ worker: { stdin: true } }, '"stdin" in "worker"'],
  ])('%j is refused by the name of the unknown option', (options, name) => {
    const error = thrownBy(() => new JobQueue(options as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(`unknown option ${name}`);
  });

  test('two definitions of one name are refused', async () => {
    const twin = variant(echo, { module: moduleOf('export const a = 1') });
    expect(thrownBy(() => new JobQueue({ jobs: [echo, twin] })).message).toContain('two definitions are called "echo"');
    const queue = makeQueue({ jobs: [echo] });
    expect(await caught(queue.add(twin, 1))).toBeInstanceOf(OptionsError);
  });

  test('the default name is default', () => {
    expect(makeQueue().name).toBe('default');
    expect(makeQueue({ name: 'mail' }).name).toBe('mail');
  });

  test('a queue made inside a job says what is wrong', async () => {
    const error = await caught(makeQueue().run(makesQueue, 1));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/JobQueue was made inside a job thread.*Move/);
  });

  test.each<[string, unknown]>([
    ['priority', Number.NaN],
    ['delay', -1],
    ['delay', Number.POSITIVE_INFINITY],
    ['timeout', 0],
    ['maxAttempts', 0],
    ['backoff', 'slow'],
    ['idempotencyKey', ''],
    ['signal', {}],
    ['transfer', [1]],
  ])('add refuses %s: %j', async (option, value) => {
    const queue = makeQueue();
    const error = await caught(queue.add(echo, 1, { [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(option);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('add refuses an unknown option by name', async () => {
    expect((await caught(makeQueue().add(echo, 1, { prio: 1 } as never))).message).toContain('unknown option "prio"');
  });

  test('add refuses what is not a definition', async () => {
    for (const wrong of [undefined, null, {}, 'echo']) {
      expect(await caught(makeQueue().add(wrong as never, 1 as never))).toBeInstanceOf(OptionsError);
    }
  });

  test('transfer needs a single attempt', async () => {
    const error = await caught(makeQueue().add(echo, 1, { transfer: [new ArrayBuffer(1)] }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/maxAttempts.*transferred buffer.*given 4/);
  });
});

describe('adding', () => {
  test('add gives a job, run its output', async () => {
    const queue = makeQueue();
    const job = await queue.add(sum, { a: 1 });
    expect(job.state).toBe('waiting');
    expect(await job.result()).toEqual({ total: 2 });
    expect(await queue.run(sum, { a: 1, b: 5 })).toEqual({ total: 6 });
  });

  test('the handler is told about its job', async () => {
    const queue = makeQueue();
    const job = await queue.add(about, 1, { metadata: { user: 7 }, maxAttempts: 3 });
    expect(await job.result()).toEqual({
      id: job.id,
      name: 'about',
      attempt: 1,
      maxAttempts: 3,
      metadata: { user: 7 },
      aborted: false,
      signalAborted: false,
      lastCheckpoint: undefined,
    });
  });

  test('a job of a definition of another option set is run all the same', async () => {
    expect(await makeQueue({ jobs: [sum] }).run(echo, 1)).toBe(1);
  });

  test('addBulk adds in order', async () => {
    const queue = makeQueue();
    const jobs = await queue.addBulk(sum, [{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(jobs.map(({ input }) => input.a)).toEqual([1, 2, 3]);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([{ total: 2 }, { total: 3 }, { total: 4 }]);
  });

  test('addBulk takes any iterable, also an empty one', async () => {
    const queue = makeQueue();
    expect(await queue.addBulk(echo, [])).toEqual([]);
    expect(await queue.addBulk(echo, new Set(['a', 'b']))).toHaveLength(2);
  });

  test('addBulk adds none when one input is invalid, and says which', async () => {
    const queue = makeQueue();
    const error = await caught(queue.addBulk(sum, [{ a: 1 }, { a: 2 }, { a: 'x' } as never]));
    expect(error.code).toBe('ERR_INPUT');
    expect(error.message).toContain('inputs[2].a');
    expect((await caught(queue.addBulk(echo, [1, { fn() {} }]))).message).toContain('inputs[1].fn is a function');
    expect(queue.stats()).toMatchObject({ totals: { added: 0 }, counts: { waiting: 0 } });
  });

  test('addBulk refuses what belongs to one job', async () => {
    const queue = makeQueue();
    expect(await caught(queue.addBulk(echo, [1], { idempotencyKey: 'k' }))).toBeInstanceOf(OptionsError);
    expect(await caught(queue.addBulk(echo, [1], { transfer: [], maxAttempts: 1 }))).toBeInstanceOf(OptionsError);
  });

  test('addBulk applies its options to every job', async () => {
    const queue = makeQueue();
    queue.pause();
    const jobs = await queue.addBulk(echo, [1, 2], { priority: 5, metadata: 'm' });
    expect(jobs.map(({ priority, metadata }) => [priority, metadata])).toEqual([
      [5, 'm'],
      [5, 'm'],
    ]);
  });

  test('later changes of metadata do not show in a copied view', async () => {
    const queue = makeQueue();
    const job = await queue.add(echo, 1, { metadata: { small: Buffer.from('ab') } });
    expect(((job.metadata as any).small as Uint8Array).buffer.byteLength).toBe(2);
  });

  test('metadata that cannot be cloned is refused by its path', async () => {
    expect((await caught(makeQueue().add(echo, 1, { metadata: { fn() {} } }))).message).toContain('metadata.fn is a function');
  });
});

describe('order', () => {
  test('a paused queue runs by priority, then arrival, once resumed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 60 }), async (priorities) => {
        const queue = makeQueue();
        queue.pause();
        const done: number[] = [];
        queue.on('completed', (job) => void done.push(job.input as number));
        for (const [index, priority] of priorities.entries()) await queue.add(echo, index, { priority });
        const expected = [...priorities.entries()].sort(([, a], [, b]) => b - a).map(([index]) => index);
        expect(queue.list('waiting').map(({ input }) => input)).toEqual(expected);
        const drained = next(queue, 'drained');
        queue.resume();
        await drained;
        expect(done).toEqual(expected);
        await queue.close();
      }),
      { numRuns: 10 },
    );
  });

  test("the definition's priority counts, and add overrides it", async () => {
    const queue = makeQueue();
    queue.pause();
    const urgent = variant(other, { priority: 10 });
    await queue.add(echo, 'second', { priority: 3 });
    await queue.add(urgent, 'first');
    await queue.add(urgent, 'last', { priority: -1 });
    expect(queue.list('waiting').map(({ input }) => input)).toEqual(['first', 'second', 'last']);
  });

  test('thousands of jobs run in the order of arrival', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    const done: number[] = [];
    queue.on('completed', (job) => void done.push(job.input as number));
    const drained = next(queue, 'drained');
    await queue.addBulk(
      echo,
      Array.from({ length: 20_000 }, (_, index) => index),
    );
    await drained;
    expect(done.length).toBe(20_000);
    expect(done.findIndex((value, index) => value !== index)).toBe(-1);
  });

  test('a retried job does not overtake those that waited', async () => {
    const queue = makeQueue({ maxBatch: 1 });
    queue.pause();
    const retried = await queue.add(flaky, { failures: 1 });
    await queue.add(echo, 'a');
    const done: string[] = [];
    queue.on('completed', (job) => void done.push(job.name));
    queue.resume();
    await retried.result();
    expect(done).toEqual(['echo', 'flaky']);
  });
});

describe('limits of a definition', () => {
  test('concurrency is never exceeded', async () => {
    const queue = makeQueue({ threads: 2 });
    const single = variant(hold, { concurrency: 1 });
    const gates = [makeGate(), makeGate(), makeGate()];
    const jobs = await Promise.all(gates.map(({ memory }) => queue.add(single, { gate: memory })));
    for (const [index, gate] of gates.entries()) {
      await until(() => gate.arrivals === 1);
      expect(await queue.run(echo, 'a neighbour passes')).toBe('a neighbour passes');
      expect(gates.map(({ arrivals }) => arrivals)).toEqual(gates.map((_, other) => (other <= index ? 1 : 0)));
      gate.open();
      await jobs[index].result();
    }
  });

  test('rateLimit holds back what is over it, and nothing else', async () => {
    const queue = makeQueue();
    const limited = variant(other, { rateLimit: { max: 2, duration: 3_600_000 } });
    const jobs = await queue.addBulk(limited, [1, 2, 3]);
    await Promise.all([jobs[0].result(), jobs[1].result()]);
    expect(await queue.run(echo, 'passes')).toBe('passes');
    expect(jobs[2].state).toBe('waiting');
    expect(queue.stats().byName.other.counts).toMatchObject({ waiting: 1, completed: 2 });
  });
});

describe('pause', () => {
  test('active jobs go on, others wait', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const active = await queue.add(hold, { gate: gate.memory, value: 'went on' });
    await next(queue, 'progress');
    queue.pause();
    expect(queue.isPaused).toBe(true);
    const waiting = await queue.add(echo, 'later');
    gate.open();
    expect(await active.result()).toBe('went on');
    expect(waiting.state).toBe('waiting');
    queue.resume();
    expect(queue.isPaused).toBe(false);
    expect(await waiting.result()).toBe('later');
  });

  test('of a definition holds that one only', async () => {
    const queue = makeQueue();
    queue.pause(echo);
    expect(queue.isPaused).toBe(false);
    const held = await queue.add(echo, 'held');
    expect(await queue.run(other, 'runs')).toBe('runs');
    expect(held.state).toBe('waiting');
    queue.resume(echo);
    expect(await held.result()).toBe('held');
  });

  test('of a definition whose jobs wait already keeps their order', async () => {
    const queue = makeQueue();
    queue.pause();
    await queue.add(echo, 1);
    await queue.add(other, 2);
    await queue.add(echo, 3);
    queue.pause(echo);
    const done: unknown[] = [];
    queue.on('completed', (job) => void done.push(job.input));
    queue.resume();
    await next(queue, 'completed');
    expect(done).toEqual([2]);
    const drained = next(queue, 'drained');
    queue.resume(echo);
    await drained;
    expect(done).toEqual([2, 1, 3]);
  });

  test('of everything is not undone by resuming a definition', async () => {
    const queue = makeQueue();
    queue.pause();
    queue.resume(echo);
    expect(queue.isPaused).toBe(true);
  });
});

describe('reading', () => {
  test('getJob knows living and kept jobs', async () => {
    const queue = makeQueue({ keepCompleted: 1 });
    const first = await queue.add(echo, 1);
    expect(queue.getJob(first.id)?.id).toBe(first.id);
    await first.result();
    const second = await queue.add(echo, 2);
    await second.result();
    expect(queue.getJob(second.id)?.state).toBe('completed');
    expect(queue.getJob(first.id)).toBeUndefined();
    expect(queue.getJob('nobody')).toBeUndefined();
    expect(queue.stats()).toMatchObject({ counts: { completed: 1 }, totals: { completed: 2 } });
  });

  test('keepCompleted 0 keeps none', async () => {
    const queue = makeQueue({ keepCompleted: 0 });
    const job = await queue.add(echo, 1);
    expect(await job.result()).toBe(1);
    expect(queue.getJob(job.id)).toBeUndefined();
    expect(queue.list('completed')).toEqual([]);
  });

  test('list shows every state, pages, and ended ones newest first', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    for (const input of [1, 2, 3]) await queue.run(echo, input);
    await caught(queue.run(flaky, { failures: 1 }, { maxAttempts: 1 }));
    await caught(queue.run(flaky, { failures: 2 }, { maxAttempts: 1 }));
    const active = await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    await queue.add(echo, 'w1');
    await queue.add(echo, 'w2');
    await queue.add(echo, 'd', { delay: 60_000 });
    (await queue.add(echo, 'c')).cancel();
    const inputs = (...args: Parameters<JobQueue['list']>) => queue.list(...args).map(({ input }) => input);
    expect(inputs('completed')).toEqual([3, 2, 1]);
    expect(inputs('completed', { offset: 1, limit: 1 })).toEqual([2]);
    expect(inputs('failed')).toEqual([{ failures: 2 }, { failures: 1 }]);
    expect(queue.list('active').map(({ id }) => id)).toEqual([active.id]);
    expect(inputs('waiting')).toEqual(['w1', 'w2']);
    expect(inputs('waiting', { limit: 1 })).toEqual(['w1']);
    expect(inputs('delayed')).toEqual(['d']);
    expect(inputs('cancelled')).toEqual(['c']);
    expect(queue.stats().counts).toEqual({ delayed: 1, waiting: 2, active: 1, completed: 3, failed: 2, cancelled: 1 });
    expect(thrownBy(() => queue.list('done' as never))).toBeInstanceOf(OptionsError);
    gate.open();
  });
});

describe('stats', () => {
  test('have the shape of the contract', async () => {
    const queue = makeQueue();
    await queue.ready();
    const zero = { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 };
    expect(queue.stats()).toEqual({
      counts: { delayed: 0, waiting: 0, active: 0, completed: 0, failed: 0, cancelled: 0 },
      totals: {
        added: 0,
        completed: 0,
        failed: 0,
        cancelled: 0,
        replayed: 0,
        retried: 0,
        timedOut: 0,
        crashed: 0,
        interrupted: 0,
        deduplicated: 0,
      },
      threads: { size: 1, busy: 0, starting: 0, zombies: 0, killed: 0 },
      waitTime: zero,
      runTime: zero,
      byName: {},
    });
  });

  test('add up, in total and by name', async () => {
    const queue = makeQueue();
    await queue.run(echo, 1);
    await queue.run(sum, { a: 1 });
    await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 2 }));
    const [letter] = queue.deadLetters.list();
    await (await queue.deadLetters.replay(letter.id, { input: { failures: 0 } })).result();
    queue.pause();
    (await queue.add(echo, 1)).cancel();
    const { totals, byName, runTime, waitTime } = queue.stats();
    expect(totals).toMatchObject({ added: 4, completed: 3, failed: 1, cancelled: 1, replayed: 1, retried: 1 });
    expect(byName.echo.totals).toMatchObject({ added: 2, completed: 1, cancelled: 1 });
    expect(byName.flaky.totals).toMatchObject({ added: 1, completed: 1, failed: 1, replayed: 1, retried: 1 });
    expectBalanced(queue);
    for (const { p50, p95, p99, max, mean } of [runTime, waitTime]) {
      expect(p50).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(p99);
      expect(p99).toBeLessThanOrEqual(max * 1.02);
      expect(mean).toBeGreaterThan(0);
    }
  });

  test('count busy threads', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.ready();
    const gate = makeGate();
    await queue.add(hold, { gate: gate.memory });
    await next(queue, 'progress');
    expect(queue.stats().threads).toEqual({ size: 3, busy: 1, starting: 0, zombies: 0, killed: 0 });
    gate.open();
  });

  test('are copies', async () => {
    const queue = makeQueue();
    await queue.run(echo, 1);
    queue.stats().byName.echo.totals.completed = 99;
    expect(queue.stats().byName.echo.totals.completed).toBe(1);
  });
});

describe('ready', () => {
  test('resolves when all threads have booted and loaded the jobs', async () => {
    const queue = makeQueue({ jobs: [echo], threads: 2, spareThreads: 1 });
    await queue.ready();
    expect(queue.stats().threads).toMatchObject({ size: 3, starting: 0 });
    await queue.ready();
  });

  test('rejects with the ModuleError of a job that does not load', async () => {
    const bad = variant(echo, { module: moduleOf('throw new Error("at load")') });
    const queue = makeQueue({ jobs: [bad, other] });
    const error = await caught(queue.ready());
    expect(error.code).toBe('ERR_MODULE');
    expect(error.message).toContain('at load');
    expect(await queue.run(other, 'the other runs')).toBe('the other runs');
  });

  test('settles when the queue is closed before', async () => {
    const queue = makeQueue();
    const ready = caught(queue.ready());
    await queue.close();
    expect((await ready).code).toBe('ERR_QUEUE_CLOSED');
  });

  test('rejects on a closed queue', async () => {
    const queue = makeQueue();
    await queue.close();
    const late = await Promise.race([
      caught(queue.ready()),
      queue.close().then(() => new Promise((resolve) => setImmediate(resolve, 'pending'))),
    ]);
    expect(late).toMatchObject({ code: 'ERR_QUEUE_CLOSED' });
  });
});

describe('maxWaiting', () => {
  const full = async (whenFull: 'wait' | 'reject') => {
    const queue = makeQueue({ maxWaiting: 2, whenFull });
    queue.pause();
    await queue.addBulk(echo, ['a', 'b']);
    return queue;
  };

  test('reject: a QueueFullError that names the ways out', async () => {
    const queue = await full('reject');
    const error = await caught(queue.add(echo, 'c'));
    expect(error).toBeInstanceOf(QueueFullError);
    expect(error.code).toBe('ERR_QUEUE_FULL');
    expect(error.message).toMatch(/maxWaiting \(2\).*raise.*whenFull/);
    expect(await caught(queue.addBulk(echo, ['c', 'd']))).toBeInstanceOf(QueueFullError);
    expect(queue.stats().totals.added).toBe(2);
  });

  test('delayed jobs count', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    await queue.add(echo, 1, { delay: 60_000 });
    expect(await caught(queue.add(echo, 2))).toBeInstanceOf(QueueFullError);
  });

  test('reject: a bulk that fits partly is refused whole', async () => {
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    queue.pause();
    await queue.addBulk(echo, [1, 2]);
    expect(await caught(queue.addBulk(echo, [3, 4]))).toBeInstanceOf(QueueFullError);
    expect(queue.stats().counts.waiting).toBe(2);
    await queue.add(echo, 3);
  });

  test('wait: adding waits for room, in order of arrival', async () => {
    const queue = await full('wait');
    const added: unknown[] = [];
    queue.on('added', (job) => void added.push(job.input));
    const adds = ['c', 'd', 'e'].map((input) => queue.add(echo, input));
    const bulk = queue.addBulk(echo, ['f', 'g']);
    // The inputs of a bulk are validated one after the other: it arrives when all have passed.
    await new Promise((resolve) => setImmediate(resolve));
    const last = queue.add(echo, 'h');
    expect(added).toEqual([]);
    let most = 0;
    queue.on('added', () => {
      const { waiting, delayed } = queue.stats().counts;
      most = Math.max(most, waiting + delayed);
    });
    queue.resume();
    await Promise.all([...adds, bulk, last]);
    expect(added).toEqual(['c', 'd', 'e', 'f', 'g', 'h']);
    expect(most).toBeLessThanOrEqual(2);
  });

  test('wait: one place lets in one', async () => {
    const queue = await full('wait');
    const entered: string[] = [];
    for (const input of ['c', 'd'])
      void queue.add(echo, input).then(
        () => entered.push(input),
        () => {},
      );
    queue.list('waiting')[0].cancel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toEqual(['c']);
    expect(queue.stats().counts.waiting).toBe(2);
  });

  test('wait: a job that starts makes room', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    const gate = makeGate();
    const active = next(queue, 'active');
    await queue.add(hold, { gate: gate.memory });
    let entered = false;
    const second = queue.add(echo, 'second').then((job) => {
      entered = true;
      return job;
    });
    await active;
    await next(queue, 'progress');
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(true);
    gate.open();
    expect(await (await second).result()).toBe('second');
  });

  test('wait: a bulk larger than maxWaiting enters when nothing else waits', async () => {
    const queue = makeQueue({ maxWaiting: 2 });
    const jobs = await queue.addBulk(echo, [1, 2, 3, 4]);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([1, 2, 3, 4]);
  });

  test('wait: a signal that aborts meanwhile keeps the job out', async () => {
    const queue = await full('wait');
    const controller = new AbortController();
    const outcome = queue.run(echo, 'c', { signal: controller.signal }).then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    controller.abort('changed my mind');
    queue.resume();
    expect(await outcome).toMatchObject({ error: { code: 'ERR_CANCELLED', reason: 'changed my mind' } });
  });
});

describe('events', () => {
  const told = (log: ReturnType<typeof history>) => log.map(({ event }) => event);

  test('of a job that completes', async () => {
    const queue = makeQueue();
    const log = history(queue);
    const drained = next(queue, 'drained');
    const job = await queue.add(echo, 1);
    await drained;
    expect(told(log)).toEqual(['added', 'active', 'completed', 'drained']);
    for (const { event, args } of log) expect(args.map(({ id }) => id)).toEqual(event === 'drained' ? [] : [job.id]);
  });

  test('of a job that is retried and fails', async () => {
    const queue = makeQueue();
    const log = history(queue);
    const drained = next(queue, 'drained');
    const job = await queue.add(flaky, { failures: 9 }, { maxAttempts: 2 });
    await drained;
    expect(told(log)).toEqual(['added', 'active', 'retrying', 'active', 'failed', 'drained']);
    expect(log[2].args).toEqual([expect.objectContaining({ id: job.id }), expect.objectContaining({ message: 'failure 1' }), 0]);
    expect(log[4].args).toEqual([expect.objectContaining({ id: job.id }), expect.objectContaining({ message: 'failure 2' })]);
  });

  test('of a failed job come when it is a dead letter', async () => {
    const queue = makeQueue();
    const seen: unknown[] = [];
    queue.on('failed', (job) => void seen.push(queue.deadLetters.get(job.id)?.id));
    const job = await queue.add(flaky, { failures: 1 }, { maxAttempts: 1 });
    await caught(job.result());
    expect(seen).toEqual([job.id]);
  });

  test('of cancel, pause, resume', async () => {
    const queue = makeQueue();
    const log = history(queue);
    queue.pause();
    queue.pause(echo);
    const job = await queue.add(echo, 1);
    job.cancel();
    queue.resume(echo);
    queue.resume();
    expect(told(log)).toEqual(['paused', 'paused', 'added', 'cancelled', 'drained', 'resumed', 'resumed']);
    expect(log.map(({ args }) => args[0]?.id ?? args[0])).toEqual([undefined, 'echo', job.id, job.id, undefined, 'echo', undefined]);
  });

  test('of a killed thread name thread, reason and job', async () => {
    const queue = makeQueue();
    const killed = next(queue, 'thread-killed');
    const job = await queue.add(misbehave, { does: 'loop' }, { maxAttempts: 1 });
    expect(await killed).toEqual([{ threadId: expect.any(Number), reason: 'timed-out', jobId: job.id }]);
    await caught(job.result());
  });

  test('of progress carry the value', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(hold, { gate: gate.memory });
    const [told, value] = await next(queue, 'progress');
    expect([told.id, value, job.progress]).toEqual([job.id, 'holding', 'holding']);
    gate.open();
  });

  test('a listener that throws or rejects hurts nobody, and is reported', async () => {
    const lines: unknown[][] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const queue = makeQueue({ logger: { trace() {}, debug() {}, info() {}, warn() {}, error: note } });
    const log = history(queue);
    for (const event of ['added', 'active', 'completed', 'drained'] as const) {
      queue.prependListener(event, () => {
        throw new Error(`sync ${event}`);
      });
      queue.prependListener(event, (async () => {
        throw new Error(`async ${event}`);
      }) as never);
    }
    const drained = next(queue, 'drained');
    expect(await queue.run(echo, 'fine')).toBe('fine');
    await drained;
    await new Promise((resolve) => setImmediate(resolve));
    expect(told(log)).toEqual(['added', 'active', 'completed', 'drained']);
    for (const event of ['added', 'active', 'completed', 'drained']) {
      expect(JSON.stringify(lines)).toContain(`sync ${event}`);
      expect(JSON.stringify(lines)).toContain(`async ${event}`);
    }
  });

  test('without a logger a failing listener is a process warning', async () => {
    const queue = makeQueue();
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    queue.once('added', () => {
      throw new Error('in a listener');
    });
    await queue.run(echo, 1);
    expect((await warned).message).toContain('in a listener');
  });

  test('a listener added with once is called once', async () => {
    const queue = makeQueue();
    let calls = 0;
    queue.once('completed', () => void calls++);
    await queue.run(echo, 1);
    await queue.run(echo, 2);
    expect(calls).toBe(1);
  });

  test('go out on diagnostics channels, with the name of the queue', async () => {
    const queue = makeQueue({ name: 'observed' });
    const heard: [QueueEvent, any][] = [];
    const subscriptions = EVENTS.map((event) => {
      const listener = (message: unknown) => void heard.push([event, message]);
      subscribe(`threadmill:${event}`, listener);
      return () => unsubscribe(`threadmill:${event}`, listener);
    });
    const job = await queue.add(flaky, { failures: 1 });
    await job.result();
    for (const undo of subscriptions) undo();
    expect(heard.map(([event]) => event)).toEqual(['added', 'active', 'retrying', 'active', 'completed', 'drained']);
    for (const [event, message] of heard) {
      expect(message.queue).toBe('observed');
      expect(message.args[0]?.id).toBe(event === 'drained' ? undefined : job.id);
    }
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { type Job, type JobDefinition, type JobQueue, QueueClosedError, ThreadmillError } from 'threadmill';
import { createTestQueue } from 'threadmill/testing';
import { describe, expect, test } from 'vitest';
import { echo, flaky, other } from '../fixtures/answers.job.js';
import { mess, misbehave } from '../fixtures/misbehaves.job.js';
import { caught, closeAfterwards, EVENTS, expectBalanced, history, makeQueue, next, variant, warmUp } from '../helpers.js';

/** How much is tried: `FAULT_RUNS=200 npx vitest run test/faults/reentrancy.test.ts`. */
const RUNS = Number(process.env.FAULT_RUNS ?? 8);
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe('close', () => {
  test('from a backoff function hands the job back', async () => {
    const queue = makeQueue();
    let closed: ReturnType<typeof queue.close> | undefined;
    const backoff = () => {
      closed ??= queue.close({ drain: 'none' });
      return 0;
    };
    const job = await queue.add(misbehave, { does: 'throw' }, { backoff });
    expect(await caught(job.result())).toBeInstanceOf(QueueClosedError);
    expect(await closed).toMatchObject({ unfinished: [{ id: job.id, attemptsMade: 1 }] });
  });

  test('from an added listener hands back all of a bulk', async () => {
    const queue = makeQueue();
    let closed: ReturnType<typeof queue.close> | undefined;
    queue.on('added', () => {
      closed ??= queue.close({ drain: 'none' });
    });
    const jobs = await queue.addBulk(echo, [1, 2, 3]);
    const results = jobs.map((job) => caught(job.result()));
    expect((await closed)?.unfinished.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    for (const error of await Promise.all(results)) expect(error).toBeInstanceOf(QueueClosedError);
  });

  test('from an added listener hands back all that was restored', async () => {
    const first = makeQueue();
    first.pause();
    await first.addBulk(echo, [1, 2, 3]);
    const { unfinished } = await first.close({ drain: 'none' });
    const queue = makeQueue({ jobs: [echo] });
    let closed: ReturnType<typeof queue.close> | undefined;
    queue.on('added', () => {
      closed ??= queue.close({ drain: 'none' });
    });
    queue.restore(unfinished);
    expect((await closed)?.unfinished).toEqual(unfinished);
  });

  test('from an added listener lets none of those in who wait for room, and loses none', async () => {
    const queue = makeQueue({ maxWaiting: 2 });
    queue.pause();
    const first = await queue.addBulk(echo, [1, 2]);
    const adds = [3, 4, 5].map((input) => queue.add(echo, input).then((job) => job.id));
    let closed: ReturnType<typeof queue.close> | undefined;
    queue.once('added', () => {
      closed = queue.close({ drain: 'none' });
    });
    for (const job of first) job.cancel();
    const entered = (await Promise.allSettled(adds)).flatMap((add) => (add.status === 'fulfilled' ? [add.value] : []));
    expect((await closed)?.unfinished.map(({ id }) => id)).toEqual(entered);
  });
});

test('cancel from a backoff function ends the job that it is asked for', async () => {
  const queue = makeQueue();
  const said: boolean[] = [];
  const backoff = () => {
    said.push(job.cancel('pointless'), job.cancel('again'));
    return 0;
  };
  const job: Job = await queue.add(misbehave, { does: 'throw' }, { backoff });
  expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'pointless' });
  expect(said).toEqual([true, true]);
  expect(job.attempts).toMatchObject([{ number: 1, outcome: 'failed', error: { message: 'thrown' } }]);
  expect(queue.stats().totals).toMatchObject({ cancelled: 1, failed: 0, retried: 0 });
  expectBalanced(queue);
});

describe('cancel from a listener of another job whose end came in the same message', () => {
  /** Two jobs that wait for one thread; whether it was sent them together, what the second says to its cancel, and its end. */
  async function tried(second: JobDefinition, input: unknown) {
    const queue = makeQueue();
    await warmUp(async (warm) => {
      await Promise.all([queue.run(echo, warm), queue.run(flaky, { failures: 0 }), queue.run(other, warm)]);
    });
    const sent = new Set<string>();
    queue.on('active', ({ id }) => void sent.add(id));
    queue.pause();
    const jobs = [await queue.add(echo, 1), await queue.add(second, input)] as const;
    const said: boolean[] = [];
    let together = false;
    queue.on('completed', ({ id }) => {
      if (id !== jobs[0].id) return;
      together = sent.has(jobs[1].id);
      said.push(jobs[1].cancel('enough'));
    });
    const results = Promise.allSettled(jobs.map((job) => job.result()));
    queue.resume();
    const [, result] = await results;
    expectBalanced(queue);
    return { together, queue, job: jobs[1], said, result };
  }

  /** The same of two that are sent together: they are where both are known to be quick, which they may not be on a busy machine. */
  async function both(second: JobDefinition, input: unknown) {
    for (;;) {
      const found = await tried(second, input);
      if (found.together) return found;
    }
  }

  test('ends one that has failed, and would be tried again', async () => {
    const { queue, job, said, result } = await both(flaky, { failures: 1 });
    expect(said).toEqual([true]);
    expect(result).toMatchObject({ reason: { code: 'ERR_CANCELLED', reason: 'enough' } });
    expect(job).toMatchObject({ state: 'cancelled', attempt: 1 });
    expect(queue.stats().totals).toMatchObject({ cancelled: 1, retried: 0 });
  });

  test('says what becomes of one that has completed', async () => {
    const { job, said } = await both(other, 2);
    expect(job.state).toBe(said[0] ? 'cancelled' : 'completed');
    expect(said).toHaveLength(1);
  });
});

describe('replay', () => {
  test('from dead-letter-alert counts one failure of each life, and the first promise has its error', async () => {
    const queue = makeQueue({ deadLetters: { alertAt: 1 } });
    let replayed: Promise<Job> | undefined;
    queue.once('dead-letter-alert', (job) => {
      replayed = queue.deadLetters.replay(job.id, { input: { failures: 0 } });
    });
    const job = await queue.add(flaky, { failures: 1 }, { maxAttempts: 1 });
    expect(await caught(job.result())).toHaveProperty('message', 'failure 1');
    expect(await (await (replayed as Promise<Job>)).result()).toBe(1);
    expect(queue.stats().totals).toMatchObject({ added: 1, failed: 1, completed: 1, replayed: 1 });
    expectBalanced(queue);
  });
});

describe('what listeners hear', () => {
  test('comes in the order in which it happened, also when a listener brings it about', async () => {
    const queue = makeQueue();
    queue.on('added', (job) => {
      if (job.input === 1) job.cancel();
    });
    const told = history(queue);
    queue.pause();
    const [first, second] = await queue.addBulk(echo, [1, 2]);
    expect(told.map(({ event, args }) => [event, args[0]?.id])).toEqual([
      ['paused', undefined],
      ['added', first.id],
      ['cancelled', first.id],
      ['added', second.id],
    ]);
  });

  test('a listener that cancels what is added ends for any number of them', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    queue.pause();
    const first = await queue.add(echo, 0);
    const adds = Array.from({ length: 20_000 }, (_, n) => queue.add(echo, n));
    queue.on('added', (job) => void job.cancel());
    first.cancel();
    await Promise.all(adds);
    expect(queue.stats().totals).toMatchObject({ added: 20_001, cancelled: 20_001 });
  });

  test('drained is told once, and not while a listener has added more', async () => {
    const queue = makeQueue();
    const told = history(queue);
    queue.once('completed', () => void queue.add(echo, 'more'));
    await queue.run(echo, 'first');
    await next(queue, 'completed');
    await turn();
    expect(told.filter(({ event }) => event === 'drained')).toHaveLength(1);
    expect(told.at(-1)?.event).toBe('drained');
  });
});

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const DEEDS = ['throw', 'throw', 'nothing', 'nothing', 'unrecoverable'];
const ENDS = ['completed', 'failed', 'cancelled'] as const;

/** Lets every callback of a queue call anything, at random, so many times; then holds that nothing was lost. */
async function meddle(make: (options: object) => JobQueue, deeds: readonly string[], seed: number): Promise<void> {
  const random = randomOf(seed);
  const pick = <One>(list: readonly One[]): One | undefined => list[Math.floor(random() * list.length)];
  const wrong: unknown[] = [];
  const accepted = new Map<string, Job>();
  const ends = new Map<string, string[]>();
  const handedBack = new Set<string>();
  let left = 80;
  let restored = 0;
  const logged = () => call();
  const queue = make({
    threads: 2,
    maxWaiting: 30,
    deadLetters: { max: 5, alertAt: 2 },
    keepCompleted: 5,
    jobs: [echo],
    logger: { trace: logged, debug: logged, info: logged, warn: logged, error: logged },
  });
  const validate = (value: unknown) => {
    call();
    return { value };
  };
  const input = { '~standard': { version: 1, vendor: 'test', validate } };
  const backoff = () => {
    call();
    if (random() < 0.1) throw new Error('no backoff');
    return 0;
  };
  const bad = variant(misbehave, { backoff, input, maxAttempts: 3, timeout: 60 } as never) as JobDefinition;
  const does = () => ({ does: pick(deeds) });
  const withGetter = () => ({
    get does() {
      call();
      return 'nothing';
    },
  });
  const key = () => (random() < 0.3 ? { idempotencyKey: 'one' } : {});
  const anyJob = () => pick([...accepted.values()]);
  const settle = (promise: Promise<unknown>) => void promise.catch(expected);
  const expected = (error: unknown) => {
    const ours = error instanceof ThreadmillError || /thrown|pointless/.test(String(error));
    if (!ours) wrong.push(error);
  };
  const actions: (() => void)[] = [
    () => settle(queue.add(bad, does(), { delay: pick([0, 0, 1]), ...key() })),
    () => settle(queue.add(mess, { does: 'throw', bad: 1 })),
    () => settle(queue.run(bad, withGetter())),
    () => settle(queue.addBulk(echo, [1, 2, 3])),
    () => settle(queue.map(echo, [1, 2]).next()),
    () => queue.schedule(echo, 1, { every: 50 }).stop(),
    () => void anyJob()?.cancel('because'),
    () => void anyJob()?.promote(),
    () => void queue.getJob(anyJob()?.id ?? ''),
    () => void JSON.stringify(anyJob()),
    () => {
      for (const state of ['waiting', 'delayed', 'active', ...ENDS] as const) queue.list(state);
    },
    () => void queue.explain(anyJob()?.id ?? ''),
    () => settle(queue.inspect(anyJob()?.id ?? '')),
    () => queue.pause(pick([undefined, echo])),
    () => queue.resume(pick([undefined, echo])),
    () => queue.resume(),
    () => settle(queue.deadLetters.replay(anyJob()?.id ?? '')),
    () => settle(queue.deadLetters.replay(pick(queue.deadLetters.list())?.id ?? '', { input: does() })),
    () => settle(queue.deadLetters.replay({ limit: 2 })),
    () => void queue.deadLetters.remove({ limit: 1 }),
    () => void queue.restore([{ id: `r${restored++}`, name: 'echo', input: 1, attemptsMade: 0, priority: 0, metadata: undefined }]),
    () => {
      if (random() < 0.4) settle(close());
    },
  ];
  let closing = false;
  const close = async () => {
    closing = true;
    const { unfinished } = await queue.close({ drain: pick(['all', 'active', 'none']), timeout: 20_000 });
    for (const { id } of unfinished) handedBack.add(id);
  };
  function call(): void {
    check();
    if (left-- <= 0) return;
    try {
      pick(actions)?.();
    } catch (error) {
      expected(error);
    }
  }
  function check(): void {
    // Made before the queue is there.
    if (queue === undefined) return;
    const { counts, totals } = queue.stats();
    const living = totals.added + totals.replayed - totals.completed - totals.failed - totals.cancelled;
    if (!closing && counts.waiting + counts.delayed + counts.active !== living) {
      wrong.push(`${JSON.stringify(counts)} of ${living}`);
    }
  }
  for (const event of EVENTS) {
    queue.on(event as 'added', (job: Job) => {
      if (event === 'added') {
        if (accepted.has(job.id)) wrong.push(`added twice: ${job.id}`);
        accepted.set(job.id, job);
        ends.set(job.id, []);
      } else if (['active', 'retrying', ...ENDS].includes(event) && !accepted.has(job.id)) wrong.push(`${event} before added: ${job.id}`);
      if ((ENDS as readonly string[]).includes(event)) ends.get(job.id)?.push(event);
      call();
    });
  }
  for (let n = 0; n < 6; n++) call();
  for (let turns = 0; turns < 20; turns++) await turn();
  queue.resume();
  queue.resume(echo);
  await close();
  await turn();
  for (const [id, job] of accepted) {
    const told = ends.get(id)?.join(' ') ?? '';
    if (handedBack.has(id)) {
      if (!/^(failed ?)*$/.test(told)) wrong.push(`${id} was handed back after ${told}`);
    } else if (!/^(failed )*(failed|completed|cancelled)$/.test(told)) wrong.push(`${id} (${job.state}) ended as "${told}"`);
    await job.result().catch((error: unknown) => {
      if (error === undefined) wrong.push(`${id} rejected with undefined`);
    });
  }
  const { totals, counts } = queue.stats();
  expect(wrong, `seed ${seed}`).toEqual([]);
  expect({ ...counts, completed: 0, failed: 0, cancelled: 0 }, `seed ${seed}`).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
  expect(totals.added, `seed ${seed}`).toBe(accepted.size);
  expect(totals.added + totals.replayed, `seed ${seed}`).toBe(totals.completed + totals.failed + totals.cancelled + handedBack.size);
}

describe(`every method called from every callback loses nothing (seed ${SEED})`, () => {
  test('with threads', { timeout: 120_000 }, async () => {
    const make = (options: object) => makeQueue({ ...options, spareThreads: 1 });
    for (let run = 0; run < RUNS; run++) await meddle(make, [...DEEDS, 'loop', 'exit'], SEED + run);
  });

  test('without threads', async () => {
    const make = (options: object) => closeAfterwards(createTestQueue({ mode: 'inline', ...options }));
    for (let run = 0; run < 10 * RUNS; run++) await meddle(make, DEEDS, SEED + run);
  });
});

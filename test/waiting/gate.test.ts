import { CancelledError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { alone, free, limited, single, slowWindow } from '../fixtures/limited.job.js';
import { caught, makeGate, makeQueue, next, until, variant } from '../helpers.js';

const { max, duration } = limited.rateLimit as { max: number; duration: number };

/** Memory in which handlers write when they were started, and how many ran at once. */
const makeLog = (size = 256) => ({ memory: new SharedArrayBuffer(16 + size * 8) });

/**
 * The contract: never more than `max` starts in any window of `duration`. A handler reads its clock some time after the
 * thread has started it, when the machine is busy: half a window is left for that; a limit that is not kept lets the
 * next ones start at once.
 */
function expectSlidingWindow(starts: number[], count: number) {
  expect(starts).toHaveLength(count);
  for (let at = max; at < starts.length; at++) {
    expect((starts[at] as number) - (starts[at - max] as number), `start ${at - max} and start ${at}`).toBeGreaterThan(duration / 2);
  }
}

describe('a rate limit', () => {
  test('is a sliding window of starts, as the jobs themselves see them', async () => {
    const queue = makeQueue({ threads: 2 });
    const { memory } = makeLog();
    const jobs = await queue.addBulk(
      limited,
      Array.from({ length: 20 }, () => ({ memory })),
    );
    await Promise.all(jobs.map((job) => job.result()));
    expectSlidingWindow(startsOf(memory), 20);
  });

  test('counts a start when the handler starts, not when it was sent: also behind a module that loads, busy threads and long jobs', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 0 });
    const { memory } = makeLog();
    const { memory: others } = makeLog(2_000);
    const results: Promise<unknown>[] = [];
    // No thread has booted or loaded the module, and the main thread is kept busy too.
    for (let n = 0; n < 9; n++) results.push(queue.run(limited, { memory, ms: n % 3 === 0 ? 100 : 0 }));
    for (let n = 0; n < 200; n++) results.push(queue.run(free, { memory: others, ms: n % 10 }));
    for (let n = 0; n < 6; n++) results.push(queue.run(limited, { memory, ms: 7 }, { priority: n }));
    await Promise.all(results);
    expectSlidingWindow(startsOf(memory), 15);
  });

  test('holds for retries, and inside batches', async () => {
    const queue = makeQueue({ threads: 2 });
    await Promise.all(Array.from({ length: 200 }, (_, n) => queue.run(echo, n)));
    const { memory } = makeLog();
    const jobs = await queue.addBulk(
      limited,
      Array.from({ length: 6 }, () => ({ memory, failures: 2 })),
    );
    await Promise.all(jobs.map((job) => job.result()));
    expectSlidingWindow(startsOf(memory), 18);
  });

  test('holds for replays', async () => {
    const queue = makeQueue({ threads: 2 });
    const { memory } = makeLog();
    const jobs = await queue.addBulk(
      limited,
      Array.from({ length: 6 }, () => ({ memory, failures: 1 })),
      { maxAttempts: 1 },
    );
    await Promise.allSettled(jobs.map((job) => job.result()));
    const letters = queue.deadLetters.list();
    const replayed = await Promise.all(letters.map(({ id }) => queue.deadLetters.replay(id, { input: { memory } })));
    await Promise.all(replayed.map((job) => job.result()));
    expectSlidingWindow(startsOf(memory), 12);
  });

  test('holds for what is restored', async () => {
    const first = makeQueue();
    first.pause();
    const { memory } = makeLog();
    await first.addBulk(
      limited,
      Array.from({ length: 9 }, () => ({ memory })),
    );
    const { unfinished } = await first.close({ drain: 'none' });
    const queue = makeQueue({ threads: 2, jobs: [limited] });
    await Promise.all(queue.restore(unfinished).map((job) => job.result()));
    expectSlidingWindow(startsOf(memory), 9);
  });

  test('is not used up by a job that is cancelled before it starts', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const held = queue.run(hold, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    const job = await queue.add(slowWindow, 'cancelled');
    job.cancel();
    gate.open();
    await held;
    expect(await queue.run(slowWindow, 'first')).toBe('first');
  });
});

describe('a concurrency', () => {
  test('is never exceeded, in batches, by retries and replays', async () => {
    const queue = makeQueue({ threads: 2 });
    const { memory } = makeLog();
    const jobs = await queue.addBulk(
      single,
      Array.from({ length: 60 }, (_, n) => ({ memory, ms: n % 3 })),
    );
    const failing = await queue.addBulk(
      single,
      Array.from({ length: 10 }, () => ({ memory, failures: 4 })),
      { maxAttempts: 2 },
    );
    await Promise.allSettled([...jobs, ...failing].map((job) => job.result()));
    const letters = queue.deadLetters.list();
    const replayed = await Promise.all(letters.map(({ id }) => queue.deadLetters.replay(id, { input: { memory } })));
    await Promise.all(replayed.map((job) => job.result()));
    expect(startsOf(memory)).toHaveLength(90);
    expect(mostAtOnce(memory)).toBe(1);
  });

  test('counts a terminated job until its thread has exited', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 2 });
    const told: string[] = [];
    queue.on('thread-killed', () => void told.push('killed'));
    queue.on('active', ({ input }) => void told.push((input as { value: string }).value));
    const gate = makeGate();
    const [stuck, after] = await queue.addBulk(
      alone,
      ['stuck', 'after'].map((value) => ({ gate: gate.memory, value })),
    );
    await until(() => gate.arrivals === 1);
    stuck?.cancel();
    expect(queue.explain(after?.id as string)).toMatchObject({ reason: 'concurrency' });
    gate.open();
    expect(await after?.result()).toBe('after');
    expect(told).toEqual(['stuck', 'killed', 'after']);
  });
});

describe('a limited definition', () => {
  test('never blocks another, whatever the order of arrival and the priorities', async () => {
    const queue = makeQueue({ threads: 2 });
    const gate = makeGate();
    const adding = [1, 2, 3].map((value) => queue.add(alone, { gate: gate.memory, value }, { priority: 10 }));
    const others = [1, 2, 3].map((value) => queue.run(echo, value));
    expect(await Promise.all(others)).toEqual([1, 2, 3]);
    gate.open();
    const jobs = await Promise.all(adding);
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([1, 2, 3]);
  });

  test('never blocks another by its window', async () => {
    const queue = makeQueue();
    await queue.addBulk(slowWindow, [1, 2, 3], { priority: 10 });
    expect(await queue.run(echo, 'through')).toBe('through');
    expect(queue.stats().byName['slow-window']?.counts).toMatchObject({ waiting: 2 });
  });

  test('keeps to priorities, its own and across definitions', async () => {
    // In a batch, what a limit holds back while the batch runs is passed over.
    const queue = makeQueue({ maxBatch: 1 });
    const gate = makeGate();
    const held = queue.run(hold, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    const open = makeGate();
    open.open();
    const done: unknown[] = [];
    queue.on('completed', ({ name, priority }) => void (name !== 'hold' && done.push(`${name} ${priority}`)));
    const { memory } = makeLog();
    for (const priority of [0, 3, 1]) await queue.add(single, { memory }, { priority });
    for (const priority of [2, 0, 4]) await queue.add(free, { memory }, { priority });
    const drained = next(queue, 'drained');
    gate.open();
    await held;
    await drained;
    expect(done).toEqual(['free 4', 'single 3', 'free 2', 'single 1', 'single 0', 'free 0']);
  });

  test('that is paused as well goes on where it was', async () => {
    const queue = makeQueue();
    const both = variant(single, { name: 'single', concurrency: 2 });
    queue.pause(both);
    const { memory } = makeLog();
    const job = await queue.add(both, { memory });
    expect(await queue.run(echo, 1)).toBe(1);
    expect(job.state).toBe('waiting');
    queue.resume(both);
    await job.result();
  });
});

describe('waiting for room', () => {
  test('ends when its signal is aborted', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    queue.pause();
    await queue.add(echo, 'fills it');
    const controller = new AbortController();
    const one = caught(queue.add(echo, 'waits', { signal: controller.signal }));
    const many = caught(queue.addBulk(echo, ['wait', 'too'], { signal: controller.signal }));
    const last = queue.add(echo, 'stays');
    controller.abort('no more');
    expect(await one).toBeInstanceOf(CancelledError);
    expect((await many).reason).toBe('no more');
    queue.resume();
    expect(await (await last).result()).toBe('stays');
    expect(queue.stats().totals.added).toBe(2);
  });

  test('with the key of a job that entered first, and another input, is refused without harm', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    queue.pause();
    await queue.add(echo, 'fills it');
    const first = queue.run(echo, 1, { idempotencyKey: 'key' });
    const conflict = caught(queue.run(echo, 2, { idempotencyKey: 'key' }));
    const same = queue.run(echo, 1, { idempotencyKey: 'key' });
    queue.resume();
    expect(await first).toBe(1);
    expect(await same).toBe(1);
    expect((await conflict).code).toBe('ERR_IDEMPOTENCY');
    expect(queue.stats().totals.deduplicated).toBe(1);
  });
});

function startsOf(memory: SharedArrayBuffer): number[] {
  const count = Atomics.load(new Int32Array(memory, 0, 4), 0);
  return [...new Float64Array(memory, 16, count)].sort((a, b) => a - b);
}

function mostAtOnce(memory: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(memory, 0, 4), 2);
}

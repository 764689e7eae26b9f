import { CancelledError, QueueFullError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { culprit, innocent, listensLate } from '../fixtures/culprit.job.js';
import { holdAsync, polite, stubborn } from '../fixtures/misbehaves.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next, until } from '../helpers.js';
import { settled, works } from './bench.js';

describe('producers that do not wait', () => {
  const MANY = 200_000;
  /** What threads hand back, because the job before it takes long, waits again beyond the bound: a batch each. */
  const HANDED_BACK = 2 * 64;

  test('whenFull "reject": what has no room is refused, the rest is run in order', async () => {
    const queue = makeQueue({ threads: 2, maxWaiting: 1_000, whenFull: 'reject', keepCompleted: 0 });
    const done: number[] = [];
    let most = 0;
    let refused = 0;
    const results: Promise<unknown>[] = [];
    const started: number[] = [];
    queue.on('active', (job) => void started.push(job.input as number));
    for (let n = 0; n < MANY; n++) {
      const added = queue.run(echo, n);
      results.push(
        added.then(
          (value) => done.push(value as number),
          (error) => (error instanceof QueueFullError ? refused++ : Promise.reject(error)),
        ),
      );
      if (n % 500 === 0) {
        most = Math.max(most, queue.stats().counts.waiting);
        await new Promise(setImmediate);
      }
    }
    await Promise.all(results);
    expect(most).toBeLessThanOrEqual(1_000 + HANDED_BACK);
    expect(done.length + refused).toBe(MANY);
    expect(done.length).toBeGreaterThanOrEqual(1_000);
    expect(started).toEqual(started.toSorted((a, b) => a - b));
    expectBalanced(queue);
  });

  test('whenFull "wait": all are run, in order, and no more wait in the queue than may', async () => {
    const queue = makeQueue({ threads: 2, maxWaiting: 1_000, keepCompleted: 0 });
    const started: number[] = [];
    let most = 0;
    queue.on('active', (job) => {
      started.push(job.input as number);
      if (started.length % 1_000 === 0) most = Math.max(most, queue.stats().counts.waiting);
    });
    await Promise.all([...Array(MANY).keys()].map((n) => queue.run(echo, n)));
    expect(started).toHaveLength(MANY);
    expect(started.every((n, index) => n === index)).toBe(true);
    expect(most).toBeLessThanOrEqual(1_000 + HANDED_BACK);
    expectBalanced(queue);
  });

  test('a job that starts makes room, not only one that ends', async () => {
    const queue = makeQueue({ maxWaiting: 1 });
    const gates = [makeGate(), makeGate()];
    const first = await queue.add(hold, { gate: gates[0].memory });
    await until(() => gates[0].arrivals === 1);
    await queue.add(hold, { gate: gates[1].memory });
    const third = queue.add(echo, 3);
    gates[0].open();
    await first.result();
    // The second runs until its gate is opened, and the third is accepted beside it.
    const job = await third;
    expect([job.state, gates[1].arrivals <= 1]).toEqual(['waiting', true]);
    gates[1].open();
    expect(await job.result()).toBe(3);
  });
});

describe('cancel', () => {
  const ways = ['handle', 'signal'] as const;

  async function cancellable(
    queue: ReturnType<typeof makeQueue>,
    way: (typeof ways)[number],
    definition: any,
    input: unknown,
    options = {},
  ) {
    const controller = new AbortController();
    const job = await queue.add(definition, input, { ...options, ...(way === 'signal' && { signal: controller.signal }) });
    return { job, cancel: () => (way === 'signal' ? controller.abort('enough') : void job.cancel('enough')) };
  }

  test.each(ways)('by %s: waiting, delayed, behind in a batch, active with and without grace', async (way) => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.ready();
    const waiting = await cancellable(queue, way, echo, 1, { delay: 0 });
    waiting.cancel();
    const delayed = await cancellable(queue, way, echo, 1, { delay: 60_000 });
    delayed.cancel();
    const never = await cancellable(queue, way, culprit, { does: 'never settle' }, { timeout: 60_000 });
    const loop = await cancellable(queue, way, culprit, { does: 'loop' }, { timeout: 60_000 });
    await until(() => queue.stats().counts.active === 2);
    never.cancel();
    loop.cancel();
    for (const { job } of [waiting, delayed, never, loop]) {
      const error = await caught(job.result());
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough', jobId: job.id });
      expect(job.cancel()).toBe(false);
    }
    await settled(queue);
    expect(queue.stats().threads.killed).toBeLessThanOrEqual(2);
    await works(queue);
    expectBalanced(queue);
  });

  test.each(ways)('by %s: a loop that looks at context.aborted stops, and its thread goes on', async (way) => {
    const queue = makeQueue();
    for (const how of ['loop', 'throw-if-aborted', 'await']) {
      const told = next(queue, 'progress');
      const { job, cancel } = await cancellable(queue, way, polite, { how });
      await told;
      cancel();
      expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
      await works(queue);
    }
    expect(queue.stats().threads).toMatchObject({ killed: 0, size: 1 });
  });

  test('a handler that listens to its signal after it was told to stop hears of it', async () => {
    const queue = makeQueue();
    const told = next(queue, 'progress');
    const job = await queue.add(listensLate, 1);
    await told;
    job.cancel('enough');
    expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
    expect(queue.stats().threads.killed).toBe(0);
  });

  test('a handler that ignores its grace period is killed when it is over', async () => {
    const queue = makeQueue();
    const told = next(queue, 'progress');
    const job = await queue.add(stubborn, 1);
    await told;
    job.cancel();
    expect(await caught(job.result())).toBeInstanceOf(CancelledError);
    expect(queue.stats().threads.killed).toBe(1);
    await works(queue);
  });

  test('one signal for a thousand jobs, in all states: each is cancelled once, and no listener stays', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 0 });
    const controller = new AbortController();
    const { signal } = controller;
    const gate = makeGate();
    const jobs = [await queue.add(holdAsync, { gate: gate.memory }, { signal })];
    await until(() => gate.arrivals === 1);
    for (let n = 0; n < 1_000; n++) jobs.push(await queue.add(innocent, { n }, { signal, delay: n % 2 ? 60_000 : 0 }));
    controller.abort();
    await Promise.all(jobs.map((job) => job.result().catch(() => {})));
    const { completed, cancelled } = queue.stats().totals;
    expect(completed + cancelled).toBe(1_001);
    expect(cancelled).toBeGreaterThan(500);
    await settled(queue, 2);
    await works(queue);
  });
});

import { type JobQueue, QueueClosedError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold, once as onlyOnce } from '../fixtures/answers.job.js';
import { culprit } from '../fixtures/culprit.job.js';
import { polite } from '../fixtures/misbehaves.job.js';
import { caught, EVENTS, makeGate, makeQueue, next, until, variant } from '../helpers.js';
import { start } from '../program.js';

const DRAINS = ['all', 'active', 'none'] as const;

/** Brings a queue into a state, with jobs in all states; gives all its jobs. */
const STATES: Record<string, (queue: JobQueue) => Promise<unknown>> = {
  idle: (queue) => queue.ready(),
  booting: async () => {},
  running: (queue) => next(queue, 'completed'),
  paused: async (queue) => queue.pause(),
  'a kill under way': (queue) => next(queue, 'thread-killed'),
  'a crash just now': (queue) => next(queue, 'retrying'),
};

describe('close hands back or ends every job, exactly once', () => {
  const cases = Object.keys(STATES).flatMap((state) => DRAINS.map((drain) => ({ state, drain })));

  test.each(cases)('$state, drain $drain', async ({ state, drain }) => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    let ended = 0;
    for (const event of ['completed', 'failed', 'cancelled'] as const) queue.on(event, () => void ended++);
    if (state === 'idle') await queue.ready();
    const reached = STATES[state](queue);
    const jobs = await queue.addBulk(echo, [...Array(300).keys()]);
    for (const does of ['loop', 'exit 3', 'throw in a timer', 'nothing', 'throw an Error'])
      jobs.push(await queue.add(culprit, { does }, { maxAttempts: 2, timeout: 60 }));
    jobs.push(await queue.add(echo, 'later', { delay: 30 }), await queue.add(echo, 'much later', { delay: 3_600_000 }));
    const results = jobs.map((job) =>
      job.result().then(
        () => 'completed',
        (error) => (error instanceof QueueClosedError ? 'handed back' : 'failed'),
      ),
    );
    await reached;
    const first = queue.close({ drain, timeout: 10_000 });
    expect(queue.close({ drain: 'none' })).toBe(first);
    const { unfinished } = await first;
    const answers = await Promise.all(results);
    expect(answers.filter((answer) => answer === 'handed back')).toHaveLength(unfinished.length);
    expect(ended + unfinished.length).toBe(jobs.length);
    expect(new Set(unfinished.map(({ id }) => id)).size).toBe(unfinished.length);
    if (drain === 'all' && state !== 'paused') expect(unfinished.map(({ input }) => input)).toEqual(['much later']);
    expect(queue.stats().counts).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
    expect(await caught(queue.add(echo, 1))).toBeInstanceOf(QueueClosedError);
    expect(await caught(queue.run(echo, 1))).toBeInstanceOf(QueueClosedError);
    // A job that was handed back is the queue's no longer.
    const back = jobs.find(({ id }) => unfinished.some((one) => one.id === id));
    expect(back?.cancel() ?? false).toBe(false);
    expect(queue.stats().threads).toMatchObject({ size: 0, busy: 0, zombies: 0 });
  });

  test.each(
    EVENTS.filter((event) => !['deduplicated', 'snoozed', 'expired', 'evicted', 'dead-letter-alert', 'thread-zombie'].includes(event)),
  )('inside a listener of "%s"', async (event) => {
    const queue = makeQueue({ threads: 2 });
    let ended = 0;
    for (const end of ['completed', 'failed', 'cancelled'] as const) queue.on(end, () => void ended++);
    const closed = new Promise<{ unfinished: { id: string }[] }>((resolve) => {
      queue.once(event, () => resolve(queue.close({ drain: 'none' })));
    });
    const added: Promise<unknown>[] = [];
    const accept = (job: Promise<{ result(): Promise<unknown> }>) =>
      added.push(
        job.then(
          (one) => one.result().catch(() => {}),
          () => 'refused',
        ),
      );
    for (const does of ['loop', 'exit 3', 'throw an Error']) accept(queue.add(culprit, { does }, { maxAttempts: 2, timeout: 60 }));
    accept(queue.add(culprit, { does: 'throw late' }));
    accept(queue.add(variant(echo, { name: 'echo' }), 'cancelled', { signal: AbortSignal.timeout(20), delay: 10_000 }));
    for (let n = 0; n < 50; n++) accept(queue.add(echo, n));
    const gate = makeGate();
    gate.open();
    accept(queue.add(hold, { gate: gate.memory }));
    if (event === 'paused' || event === 'resumed') {
      queue.resume();
      queue.pause();
    }
    if (event === 'late-error') {
      // Not beside a job that ends the thread before its timer fires.
      await Promise.all(added);
      accept(queue.add(culprit, { does: 'throw late' }));
    }
    const { unfinished } = await closed;
    const refused = (await Promise.all(added)).filter((answer) => answer === 'refused').length;
    expect(ended + unfinished.length + refused).toBe(added.length);
    expect(queue.stats().counts).toMatchObject({ waiting: 0, active: 0, delayed: 0 });
  });

  test('a job that must not run twice and was running has failed; one that was not is handed back', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const running = await queue.add(onlyOnce, { gate: gate.memory, does: 'hang' });
    const waiting = await queue.add(onlyOnce, { gate: gate.memory });
    await until(() => gate.arrivals === 1);
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(unfinished.map(({ id }) => id)).toEqual([waiting.id]);
    expect([running.state, queue.deadLetters.size]).toEqual(['failed', 1]);
    expect(await caught(running.result())).toBeInstanceOf(QueueClosedError);
  });

  test('a job that was being cancelled is cancelled', async () => {
    const queue = makeQueue();
    const job = await queue.add(variant(polite, { gracePeriod: 60_000 }), { how: 'gate', gate: makeGate().memory });
    await next(queue, 'progress');
    job.cancel('on the way out');
    expect((await queue.close({ drain: 'none' })).unfinished).toEqual([]);
    expect(job.state).toBe('cancelled');
  });

  test('signals of jobs that were handed back are let go', async () => {
    const queue = makeQueue();
    queue.pause();
    const controller = new AbortController();
    const job = await queue.add(echo, 1, { signal: controller.signal });
    expect((await queue.close({ drain: 'none' })).unfinished).toHaveLength(1);
    controller.abort();
    expect(job.state).toBe('waiting');
    expect(await caught(job.result())).toBeInstanceOf(QueueClosedError);
  });
});

describe('processes', () => {
  test('a script that just ends stays until its jobs are done', async () => {
    const { code, messages } = await start('just ends').ended;
    expect(code).toBe(0);
    expect(messages).toEqual([expect.objectContaining({ added: 203, completed: 201, failed: 2, timedOut: 1 })]);
  });

  test('an idle queue keeps no process alive', async () => {
    expect(await start('is idle').ended).toEqual({ code: 0, signal: null, messages: ['idle'] });
  });

  test('SIGTERM with 10 000 waiting: active jobs end or are handed back, a new process takes over', async () => {
    const { child, said, ended } = start('is told to end');
    await said();
    child.kill('SIGTERM');
    const { code, messages } = await ended;
    expect(code).toBe(0);
    const { unfinished, completed } = messages.at(-1);
    expect(completed).toBe(0);
    const heir = start('restores');
    await heir.said();
    heir.child.send(unfinished);
    const { messages: told } = await heir.ended;
    expect(told.at(-1).results.toSorted((a: number, b: number) => a - b)).toEqual([...Array(10_000).keys()]);
  });

  test('process.exit in the middle ends the process, jobs or not', async () => {
    expect(await start('exits in the middle').ended).toMatchObject({ code: 9 });
  });

  test('one huge allocation in a job ends the whole process: it cannot be isolated in a thread', async () => {
    const { code, signal, messages } = await start('one huge allocation').ended;
    expect(messages).toEqual([]);
    expect(code === 134 || signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL').toBe(true);
  });
});

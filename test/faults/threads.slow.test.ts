import type { Worker } from 'node:worker_threads';
import { CrashError, type JobQueue, ModuleError, OptionsError, TimeoutError } from 'threadmill';
import { beforeEach, describe, expect, test } from 'vitest';
import { echo, hold, where } from '../fixtures/answers.job.js';
import { beating, culprit, innocent } from '../fixtures/culprit.job.js';
import { caught, EVENTS, makeGate, makeQueue, moduleOf, next, until, variant } from '../helpers.js';
import { settled, works } from './bench.js';

const born = new Set<number>();
const exited = new Set<number>();
process.on('worker', (worker: Worker) => {
  const { threadId } = worker;
  born.add(threadId);
  worker.once('exit', () => exited.add(threadId));
});
beforeEach(() => {
  born.clear();
  exited.clear();
});

/** Looks at `stats().threads` at every event; gives what was not true. */
function watchThreads(queue: JobQueue, most: number): { looks: number; wrong: object[] } {
  const seen = { looks: 0, wrong: [] as object[] };
  for (const event of EVENTS) {
    queue.on(event, () => {
      seen.looks++;
      const { threads } = queue.stats();
      const { size, busy, starting, zombies } = threads;
      if (busy + starting > size || size > most || Math.min(size, busy, starting, zombies) < 0) seen.wrong.push({ event, ...threads });
    });
  }
  return seen;
}

describe('a kill is over when the thread is gone', () => {
  test.each(['loop', 'uncaught, then loop'])('no retry starts beside a thread that still runs: %s', async (does) => {
    const queue = makeQueue({ spareThreads: 2 });
    await queue.ready();
    const memory = new SharedArrayBuffer(16);
    let gone = true;
    queue.on('active', (job) => {
      for (const { threadId } of job.attempts) gone &&= exited.has(threadId);
    });
    const found = await queue.run(beating, { memory, does, bad: 3 }, { maxAttempts: 4 });
    expect(found).toEqual({ attempt: 4, beside: 0 });
    expect(gone).toBe(true);
    expect(new Int32Array(memory)[0]).toBe(4);
  });

  test('a zombie is counted, reported, and its retry waits for its end', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.ready();
    const seen = watchThreads(queue, 3);
    const job = await queue.add(beating, { memory: new SharedArrayBuffer(16), does: 'native execSync' });
    const [event] = await next(queue, 'thread-zombie');
    const again = next(queue, 'active', (one) => one.id === job.id);
    expect(event).toMatchObject({ reason: 'native-code', jobId: job.id, threadId: expect.any(Number) });
    expect(queue.stats().threads).toMatchObject({ zombies: 1, killed: 1 });
    expect([job.state, exited.has(event.threadId)]).toEqual(['delayed', false]);
    await works(queue);
    const [retried] = await again;
    expect([retried.attempt, exited.has(event.threadId)]).toEqual([2, true]);
    expect(await job.result()).toEqual({ attempt: 2, beside: 0 });
    expect(queue.stats().threads.zombies).toBe(0);
    expect(seen.wrong).toEqual([]);
    expect(seen.looks).toBeGreaterThan(4);
  });

  test('as many zombies as threads hold dispatch back, and threads do not pile up', async () => {
    const queue = makeQueue({ threads: 1, spareThreads: 1 });
    await queue.ready();
    const { wrong } = watchThreads(queue, 2);
    const bad = caught(queue.run(culprit, { does: 'native execSync', seconds: 1.6 }));
    const [zombie] = await next(queue, 'thread-zombie');
    const job = await queue.add(innocent, { n: 1 });
    const [active] = await next(queue, 'active');
    expect([active.id, exited.has(zombie.threadId)]).toEqual([job.id, true]);
    expect(await bad).toBeInstanceOf(TimeoutError);
    expect(await job.result()).toMatchObject({ n: 1 });
    expect(wrong).toEqual([]);
  });

  test('close ends at its deadline, zombies or not', async () => {
    const queue = makeQueue({ threads: 1 });
    await queue.ready();
    const bad = caught(queue.run(culprit, { does: 'native execSync', seconds: 4 }));
    const [zombie] = await next(queue, 'thread-zombie');
    // Its replacement has not waited for it.
    expect([born.size, exited.has(zombie.threadId)]).toEqual([2, false]);
    const waiting = await queue.add(echo, 'waiting');
    const { unfinished } = await queue.close({ timeout: 10 });
    expect(unfinished.map(({ id }) => id)).toEqual([waiting.id]);
    expect(exited.has(zombie.threadId)).toBe(false);
    expect(await bad).toBeInstanceOf(TimeoutError);
    await until(() => exited.has(zombie.threadId));
  });
});

describe('threads', () => {
  test('a spare thread takes over before the killed one has exited or is replaced', async () => {
    const queue = makeQueue({ threads: 1, spareThreads: 1 });
    await queue.ready();
    const ready = [...born];
    const { wrong } = watchThreads(queue, 2);
    const killed = next(queue, 'thread-killed');
    const bad = caught(queue.run(culprit, { does: 'loop' }));
    const job = await queue.add(where, 1);
    await next(queue, 'active', ({ id }) => id === job.id);
    const [{ threadId }] = await killed;
    expect([...born]).toEqual(ready);
    expect(exited.has(threadId)).toBe(false);
    expect(queue.stats().threads).toMatchObject({ size: 2, busy: 1, starting: 1, killed: 1 });
    expect(ready).toContain(await job.result());
    await bad;
    await settled(queue, 2);
    expect(wrong).toEqual([]);
  });

  test('a late error lets the running job end, and then its thread is replaced', async () => {
    const queue = makeQueue({ threads: 1 });
    const gate = makeGate();
    const late = next(queue, 'late-error');
    const culpritJob = await queue.add(culprit, { does: 'throw late' }, { timeout: 20_000 });
    await culpritJob.result();
    const running = await queue.add(hold, { gate: gate.memory, value: 'ended' });
    await until(() => gate.arrivals === 1);
    gate.open();
    expect(await running.result()).toBe('ended');
    const [event] = await late;
    expect(event.jobId).toBe(culpritJob.id);
    await until(() => exited.has(event.threadId));
    await settled(queue, 1);
    await works(queue);
    expect(running.attempts).toHaveLength(1);
  });

  test('a timer of a module that throws is charged to nobody, and the running job ends', async () => {
    const module = moduleOf(`
      import { defineJob } from ${JSON.stringify(import.meta.resolve('threadmill'))};
      const input = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } };
      export const job = defineJob({ name: 'culprit', module: import.meta.url, input, run: () => new Promise((end) => setTimeout(end, 100, 'ended')) });
      setTimeout(() => { throw new Error('from the module'); }, 20);
    `);
    const queue = makeQueue();
    const late = next(queue, 'late-error');
    expect(await queue.run(variant(culprit, { module, timeout: 10_000 }), 1)).toBe('ended');
    expect(await late).toMatchObject([{ jobId: undefined }, { message: 'from the module' }]);
  });

  test('many crashes in a row leave as many threads as there were', async () => {
    const queue = makeQueue({ threads: 2, spareThreads: 2 });
    const { wrong } = watchThreads(queue, 4);
    for (let round = 0; round < 4; round++) {
      const errors = await Promise.all(
        ['exit 0', 'throw in a timer', 'exit 3', 'float a rejection'].map((does) =>
          caught(queue.run(culprit, { does }, { timeout: 20_000 })),
        ),
      );
      for (const error of errors) expect(error).toBeInstanceOf(CrashError);
    }
    await settled(queue, 4);
    expect(queue.stats().totals.crashed).toBe(16);
    expect(wrong).toEqual([]);
  });
});

describe('threads that cannot boot', () => {
  test.each([
    ['a missing --import', { execArgv: ['--import', './missing.mjs'] }, /no thread can be started: .*missing\.mjs.*option "worker"/s],
    [
      'an --import that exits',
      { execArgv: ['--import', 'data:text/javascript,process.exit(4)'] },
      /no thread can be started: it ended with exit code 4.*option "worker"/s,
    ],
    [
      'an --import that throws',
      { execArgv: ['--import', 'data:text/javascript,throw new Error("at boot")'] },
      /no thread can be started: at boot/,
    ],
  ])('%s: ready rejects, waiting jobs fail, no storm of threads', async (_name, worker, message) => {
    let born = 0;
    const count = () => void born++;
    process.on('worker', count);
    const queue = makeQueue({ threads: 2, worker });
    const job = await queue.add(echo, 1, { maxAttempts: 1 });
    const unready = await caught(queue.ready());
    expect(unready).toBeInstanceOf(CrashError);
    expect(unready.message).toMatch(message);
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(CrashError);
    expect(error.message).toMatch(message);
    expect(error.jobId).toBe(job.id);
    process.off('worker', count);
    // Each round may start every thread twice.
    expect(born).toBeLessThanOrEqual(7 * 2 * 2);
    expect(queue.stats().threads.busy).toBe(0);
    expect(await queue.close({ timeout: 1_000 })).toEqual({ unfinished: [] });
  });
});

test('when no thread can boot, a limit of one definition does not keep jobs of others alive', async () => {
  const queue = makeQueue({ worker: { execArgv: ['--import', 'data:text/javascript,process.exit(4)'] } });
  const [first] = await queue.addBulk(variant(echo, { name: 'limited', concurrency: 1, maxAttempts: 1 }), ['a', 'b', 'c']);
  const other = await queue.add(echo, 'free', { maxAttempts: 1 });
  expect(await caught(first?.result() as Promise<unknown>)).toBeInstanceOf(CrashError);
  expect(other.state).toBe('failed');
});

describe('a bad module fails its own jobs, at once and with the cause', () => {
  const CASES: [name: string, module: string, message: RegExp][] = [
    ['missing', new URL('./missing.js', import.meta.url).href, /failed to load: .*missing\.js/s],
    ['syntax error', moduleOf('export const = 1'), /failed to load: .*token/],
    ['throws', moduleOf('throw new Error("at load")'), /failed to load: at load/],
    ['throws null', moduleOf('throw null'), /failed to load: null/],
    ['rejects', moduleOf('await Promise.reject(new Error("awaited"))'), /failed to load: awaited/],
    ['exits', moduleOf('process.exit(6)'), /ended its thread while loading: process\.exit\(6\)/],
    ['runs out of stack', moduleOf('(function again() { again(); })()'), /failed to load: Maximum call stack/],
    ['exports nothing', moduleOf(''), /it exports nothing/],
    [
      'exports something else',
      moduleOf('export const answer = 42, other = {}'),
      /no definition of a job called "culprit": it defines none, it exports answer, other/,
    ],
    [
      'exports a bad Proxy',
      moduleOf('export const p = new Proxy({}, { getOwnPropertyDescriptor() { throw new Error("trap") } })'),
      /culprit/,
    ],
  ];

  test.each(CASES)('%s', async (_name, module, message) => {
    const queue = makeQueue({ threads: 2, spareThreads: 1 });
    await queue.ready();
    const gate = makeGate();
    const beside = await queue.add(hold, { gate: gate.memory, value: 'beside' });
    await until(() => gate.arrivals === 1);
    const job = await queue.add(variant(culprit, { module, maxAttempts: 4 }), 1);
    const behind = [...Array(20).keys()].map((n) => queue.run(innocent, { n }));
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(ModuleError);
    expect(error).toMatchObject({ code: 'ERR_MODULE', jobName: 'culprit', attempt: 1 });
    expect(error.message).toMatch(message);
    expect(await Promise.all(behind)).toHaveLength(20);
    gate.open();
    expect(await beside.result()).toBe('beside');
    await settled(queue);
    await works(queue);
  });

  test('imports the server: the error says so', async () => {
    const error = await caught(
      makeQueue().run(variant(echo, { name: 'imports-server', module: new URL('../fixtures/imports-server.job.js', import.meta.url) }), 1),
    );
    expect(error).toBeInstanceOf(ModuleError);
    expect(error.message).toMatch(/a JobQueue was made inside a job thread/);
    expect(error.cause).toBeInstanceOf(OptionsError);
  });
});

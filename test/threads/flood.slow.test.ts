import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import type { Job } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { checkpoints, endless, floods } from '../fixtures/floods.job.js';
import { caught, expectBalanced, makeQueue, until } from '../helpers.js';

/** The event loop may be held up for so long, in milliseconds, on a machine that does much else; a flood that is read as it comes holds it for seconds. */
const HELD_UP = 1_000;

/** What a flood through the main thread would make of its event loop, in milliseconds. */
async function longestDelay(act: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await act();
  // The turn that is under way counts too.
  await new Promise((resolve) => setTimeout(resolve, 2));
  delay.disable();
  return delay.max / 1e6;
}

/** A queue whose log is at hand. */
function logged() {
  const lines: string[] = [];
  const log = (_fields: object, message?: string) => void lines.push(message ?? '');
  const queue = makeQueue({ logger: { trace: log, debug: log, info: log, warn: log, error: log } });
  return { queue, lines };
}

async function flooding(job: Promise<Job>, gate: SharedArrayBuffer): Promise<Job> {
  const started = await job;
  await until(() => Atomics.load(new Int32Array(gate), 0) === 1);
  return started;
}

const WAYS = ['progress', 'checkpoint', 'log', 'parentPort'] as const;

describe.each(WAYS)('a handler that never stops to call %s', (how) => {
  test('is killed at its limit, and nobody is held up', async () => {
    const queue = makeQueue();
    await queue.ready();
    const delay = await longestDelay(async () => {
      expect(await caught(queue.run(endless, { how }))).toMatchObject({ code: 'ERR_TIMEOUT' });
    });
    expect(delay).toBeLessThan(HELD_UP);
    expectBalanced(queue);
  });

  test('can be cancelled, and its queue can be closed', async () => {
    const queue = makeQueue();
    for (const end of ['cancel', 'close'] as const) {
      const gate = new SharedArrayBuffer(4);
      const job = await flooding(queue.add(endless, { how, gate }, { timeout: 30_000 }), gate);
      const delay = await longestDelay(async () => {
        if (end === 'cancel') job.cancel();
        else await queue.close({ drain: 'none' });
        expect(await caught(job.result())).toMatchObject({ code: end === 'cancel' ? 'ERR_CANCELLED' : 'ERR_QUEUE_CLOSED' });
      });
      expect(delay).toBeLessThan(HELD_UP);
    }
  });
});

describe('a hundred thousand calls', () => {
  test.each(['progress', 'progress of objects', 'checkpoint', 'log'])('of %s, with and without pauses, hold nobody up', async (how) => {
    const queue = makeQueue();
    await queue.ready();
    for (const yields of [false, true]) {
      const delay = await longestDelay(() => queue.run(floods, { how, times: 100_000, yields }));
      expect(delay).toBeLessThan(HELD_UP);
    }
  });
});

describe('progress in a loop', () => {
  test('arrives in order, ends with the newest, and leaves out what nobody could follow', async () => {
    const queue = makeQueue();
    const values: number[] = [];
    queue.on('progress', (_job, value) => void values.push(value as number));
    const job = await queue.add(floods, { how: 'progress', times: 100_000 });
    await job.result();
    expect(values.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.length).toBeLessThan(20_000);
    expect([values.at(-1), job.progress]).toEqual([100_000, 100_000]);
  });

  test('is there to read while the handler runs, and after it was killed', async () => {
    const queue = makeQueue();
    const gate = new SharedArrayBuffer(4);
    const job = await flooding(queue.add(endless, { how: 'progress', gate }, { timeout: 30_000 }), gate);
    await until(() => (job.progress as number) > 10_000);
    const seen = job.progress as number;
    job.cancel();
    await caught(job.result());
    expect(job.progress).toBeGreaterThanOrEqual(seen);
  });

  test('of a value too large to be looked at is refused', async () => {
    expect(await caught(makeQueue().run(floods, { how: 'huge progress', times: 1 }))).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('progress takes about'),
    });
  });
});

describe('the last checkpoint of a loop that makes many', () => {
  test.each([
    ['hangs', undefined, 2_000, 2_000],
    ['throws', 'throw', 20_000, 30_000],
    ['ends its thread', 'exit', 20_000, 30_000],
  ])('is what the next attempt finds when it then %s', async (_, ending, upTo, timeout) => {
    expect(await makeQueue().run(checkpoints, { upTo, ending }, { maxAttempts: 2, timeout })).toEqual({ n: upTo, text: '' });
  });

  test('may be large, and become larger', async () => {
    const text = 'x'.repeat(3_000_000);
    expect(await makeQueue().run(checkpoints, { upTo: 3, text }, { maxAttempts: 2 })).toEqual({ n: 3, text });
  });

  test('is in the snapshot of a job whose queue was closed', async () => {
    const queue = makeQueue();
    const gate = new SharedArrayBuffer(4);
    await flooding(queue.add(endless, { how: 'checkpoint', gate }, { timeout: 30_000 }), gate);
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(unfinished).toMatchObject([{ checkpoint: { n: expect.any(Number) } }]);
  });

  test('is not that of another job which ran on the same thread', async () => {
    const queue = makeQueue();
    await caught(queue.run(checkpoints, { upTo: 5, ending: 'throw' }, { maxAttempts: 1 }));
    expect(await queue.run(checkpoints, { upTo: 0 }, { maxAttempts: 2 })).toBeUndefined();
  });

  test('is refused when it cannot be kept', async () => {
    const error = await caught(makeQueue().run(floods, { how: 'shared checkpoint', times: 1 }));
    expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', message: expect.stringContaining('checkpoint cannot be kept') });
  });
});

describe('log lines', () => {
  const numbers = (lines: string[]) => lines.flatMap((line) => (line.startsWith('line ') ? [Number(line.slice(5))] : []));
  const droppedIn = (lines: string[]) =>
    lines.flatMap((line) => (/log lines of this job were dropped/.test(line) ? [Number.parseInt(line, 10)] : []));

  test('of an ordinary job all arrive', async () => {
    const { queue, lines } = logged();
    await queue.run(floods, { how: 'log', times: 2_000 });
    expect(numbers(lines)).toEqual(Array.from({ length: 2_000 }, (_, at) => at + 1));
    expect(droppedIn(lines)).toEqual([]);
  });

  test('of many jobs in one batch all arrive', async () => {
    const { queue, lines } = logged();
    const jobs = await queue.addBulk(
      floods,
      Array.from({ length: 100 }, () => ({ how: 'log', times: 20 })),
    );
    await Promise.all(jobs.map((job) => job.result()));
    expect(numbers(lines)).toHaveLength(2_000);
  });

  test('beyond some thousand a second are dropped and counted, and come before the end of the job', async () => {
    const { queue, lines } = logged();
    await queue.run(floods, { how: 'log', times: 100_000 });
    const arrived = numbers(lines);
    expect(arrived.length).toBeGreaterThan(1_000);
    expect(arrived.length).toBeLessThan(90_000);
    expect(arrived.length + droppedIn(lines).reduce((sum, count) => sum + count, 0)).toBe(100_000);
    expect(lines.at(-1)).toBe('job completed');
  });

  test('that were dropped are told of a job that was killed', async () => {
    const { queue, lines } = logged();
    await caught(queue.run(endless, { how: 'log' }));
    expect(droppedIn(lines).at(-1)).toBeGreaterThan(0);
  });

  test('that are very long are cut', async () => {
    const { queue, lines } = logged();
    await queue.run(floods, { how: 'long lines', times: 1 });
    expect(lines[0]).toMatch(/^1 x+… \(1000002 characters\)$/);
    expect(lines[0]?.length).toBeLessThan(100_000);
  });
});

test('a thread that will be terminated says nothing more while it is looked at', async () => {
  const queue = makeQueue();
  const gate = new SharedArrayBuffer(4);
  const told: string[] = [];
  queue.on('progress', () => void told.push('progress'));
  queue.on('cancelled', () => void told.push('cancelled'));
  const job = await flooding(queue.add(endless, { how: 'progress', gate }, { timeout: 30_000 }), gate);
  job.cancel();
  await caught(job.result());
  await queue.ready();
  expect(told.lastIndexOf('progress')).toBeLessThan(told.indexOf('cancelled'));
});

// What threads print goes to this process's own output: so in a process of its own.
test.each(['stdout', 'stderr'])('a flood on %s holds nobody up, and what was printed arrives', async (how) => {
  const script = new URL('../fixtures/scripts/printing-flood.js', import.meta.url).pathname;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, how], { maxBuffer: 64 * 1024 * 1024 });
  const [printed, report] = how === 'stdout' ? [stdout, stderr] : [stderr, stderr];
  const { delay } = JSON.parse(report.slice(report.lastIndexOf('{')));
  expect(delay).toBeLessThan(HELD_UP);
  expect(printed.match(/line/g)).toHaveLength(300_000);
});

import type { Job, JobQueue } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { quick } from '../fixtures/floods.job.js';
import { caught, expectBalanced, makeGate, makeQueue, until, warmUp } from '../helpers.js';

/** Jobs added at once, of which one waits at a gate: those of its batch that are before it have ended by then. */
async function around(queue: JobQueue, inputs: readonly object[], gateAt: number) {
  await warmUp((warm) => queue.run(quick, { value: warm }));
  const gate = makeGate();
  queue.pause();
  const jobs = await queue.addBulk(
    quick,
    inputs.map((input, at) => (at === gateAt ? { ...input, gate: gate.memory } : input)),
    { maxAttempts: 1 },
  );
  queue.resume();
  await until(() => gate.arrivals > 0);
  const hung = jobs[gateAt] as Job;
  return { gate, jobs, hung, before: jobs.slice(0, gateAt), behind: jobs.slice(gateAt + 1) };
}

const values = (count: number) => Array.from({ length: count }, (_, value) => ({ value }));
const results = (jobs: readonly Job<any, any>[]) => Promise.all(jobs.map((job) => job.result()));

describe('of 200 quick jobs, number 20 hangs', () => {
  test('those before it are answered while it does, and run once', async () => {
    const queue = makeQueue();
    const { gate, hung, before, behind } = await around(queue, values(200), 19);
    expect(await results(before)).toEqual(before.map((_, value) => value));
    expect(hung.state).toBe('active');
    gate.open();
    await results([hung, ...behind]);
    for (const { attempts } of [hung, ...before, ...behind]) expect(attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
    expect(queue.stats().totals).toMatchObject({ completed: 230, interrupted: 0, retried: 0 });
    expectBalanced(queue);
  });

  test('and is cancelled: nothing that had finished runs twice', async () => {
    const queue = makeQueue();
    const { hung, before, behind } = await around(queue, values(200), 19);
    hung.cancel();
    expect(await caught(hung.result())).toMatchObject({ code: 'ERR_CANCELLED' });
    expect(await results([...before, ...behind])).toHaveLength(199);
    for (const { attempts } of before) expect(attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
    expect(queue.stats().totals).toMatchObject({ interrupted: 0 });
  });

  test('and its queue is closed: what had finished has completed', async () => {
    const queue = makeQueue();
    const { before } = await around(queue, values(40), 19);
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(await results(before)).toHaveLength(19);
    expect(unfinished).toHaveLength(21);
  });
});

test('a job that ends its thread takes no result with it', async () => {
  const queue = makeQueue();
  await warmUp((warm) => queue.run(quick, { value: warm }));
  queue.pause();
  const jobs = await queue.addBulk(quick, [...values(10), { ends: 'exits' }], { maxAttempts: 1 });
  queue.resume();
  expect(await results(jobs.slice(0, 10))).toHaveLength(10);
  expect(await caught((jobs[10] as Job).result())).toMatchObject({ code: 'ERR_CRASH' });
  expect(queue.stats().totals).toMatchObject({ interrupted: 0 });
});

test('whatever a job returns, its result is there while the next one runs', async () => {
  const given = [1, -0, Number.NaN, Number.POSITIVE_INFINITY, true, false, null, undefined, '', 'text ü', 12345678901234567890n];
  const objects = [
    { a: 1, b: { c: [1, 'two', null] } },
    [],
    new Date(5),
    new Set([1]),
    new Uint8Array([1, 2]),
    new Error('a value'),
    'x'.repeat(100_000),
  ];
  const all = [...given, ...objects];
  const queue = makeQueue();
  const inputs = all.map((value) => ({ value }));
  const { gate, before } = await around(queue, [...inputs, { value: 'last' }], inputs.length);
  expect(await results(before)).toEqual(all);
  gate.open();
});

test.each(['throws', 'returns a Map', 'moves a buffer'] as const)(
  'the end of a job that %s is known while the next one runs',
  async (ends) => {
    const queue = makeQueue();
    const { gate, before } = await around(queue, [{ value: 1, ends }, { value: 2, ends }, { value: 3 }], 2);
    const known = await Promise.allSettled(before.map((job) => job.result()));
    const expected = {
      throws: { status: 'rejected', reason: { message: 'of 1' } },
      'returns a Map': { status: 'fulfilled', value: new Map([['value', 1]]) },
      'moves a buffer': { status: 'fulfilled', value: { value: 1, buffer: new Uint8Array([1, 2, 3]) } },
    };
    expect(known[0]).toMatchObject(expected[ends]);
    gate.open();
  },
);

test('a job that has ended has completed, though what it has left behind blocks its thread', async () => {
  const queue = makeQueue();
  const job = await queue.add(quick, { value: 5, ends: 'blocks afterwards' });
  expect(await job.result()).toBe(5);
  expect(job.attempts).toMatchObject([{ number: 1, outcome: 'completed' }]);
  expect(await queue.run(quick, { value: 'after' })).toBe('after');
  expect(queue.stats().totals).toMatchObject({ interrupted: 0, crashed: 0 });
});

test('more than the memory for results holds is known all the same', async () => {
  const queue = makeQueue();
  const texts = Array.from({ length: 40 }, (_, at) => String(at).repeat(5_000));
  const { gate, before } = await around(queue, [...texts.map((value) => ({ value })), { value: 'last' }], texts.length);
  expect(await results(before)).toEqual(texts);
  gate.open();
});

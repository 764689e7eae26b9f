import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { defineJob, OptionsError } from 'threadmill';
import { RateLimitedError, transfer } from 'threadmill/job';
import { describe, expect, test } from 'vitest';
import { Delays } from '../../dist/waiting/delays.js';
import { echo, hold } from '../fixtures/answers.job.js';
import { polite } from '../fixtures/misbehaves.job.js';
import { snoozes } from '../fixtures/put-off.job.js';
import { anything } from '../fixtures/schema.js';
import { HandClock } from '../hand-clock.js';
import { caught, expectBalanced, makeGate, makeQueue, next, thrownBy, until, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const module = import.meta.url;
// Ways through a queue that no other test takes.

/** A schema that answers later. */
const later: StandardSchemaV1<unknown, unknown> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value: unknown) => (typeof value === 'number' ? { value } : { issues: [{ message: 'expected number' }] }),
  },
};

test('the limits of a definition and of its groups hold both, and both are given back', async () => {
  let [now, most] = [0, 0];
  const ofTenant = new Map<string, number>();
  let mostOfOne = 0;
  const both = defineJob({
    name: 'both',
    module,
    input: anything,
    concurrency: 2,
    group: { key: ({ tenant }: { tenant: string }) => tenant, concurrency: 1 },
    run: async ({ tenant }) => {
      most = Math.max(most, ++now);
      ofTenant.set(tenant, (ofTenant.get(tenant) ?? 0) + 1);
      mostOfOne = Math.max(mostOfOne, ofTenant.get(tenant) as number);
      await turn();
      ofTenant.set(tenant, (ofTenant.get(tenant) as number) - 1);
      now--;
    },
  });
  const queue = makeTestQueue({ mode: 'manual', threads: 8 });
  const tenants = ['a', 'a', 'b', 'b', 'c', 'c', 'a'];
  await queue.addBulk(
    both,
    tenants.map((tenant) => ({ tenant })),
  );
  expect(await queue.drain()).toMatchObject({ completed: tenants.length });
  expect([most, mostOfOne]).toEqual([2, 1]);
});

describe('what is refused says so', () => {
  test.each<[string, object, RegExp]>([
    ['transfer', { transfer: 5, maxAttempts: 1 }, /"transfer": expected array, given 5/],
    ['transfer', { transfer: [5], maxAttempts: 1 }, /"transfer.0": expected an ArrayBuffer, given 5/],
  ])('%s of add', async (_option, options, message) => {
    expect((await caught(makeQueue().add(echo, 1, options))).message).toMatch(message);
  });

  test('a key of groups that is no function', () => {
    const error = thrownBy(() => variant(echo, { group: { key: 'tenant' } } as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/"group.key": expected a function/);
  });
});

describe('a schema that answers later', () => {
  test('is asked for the new input of a dead letter', async () => {
    const slow = defineJob({ name: 'slow-schema', module, input: later, run: (input) => input });
    const queue = makeTestQueue({ mode: 'manual' });
    queue.failNext(slow, new Error('failed'));
    const job = await queue.add(slow, 1, { maxAttempts: 1 });
    await queue.drain();
    expect(await caught(queue.deadLetters.replay(job.id, { input: 'x' }))).toHaveProperty('code', 'ERR_INPUT');
    expect(queue.deadLetters.size).toBe(1);
    await queue.deadLetters.replay(job.id, { input: 2 });
    await queue.drain();
    expect(await job.result()).toBe(2);
  });

  test('of a schedule refuses its runs, and not the process', async () => {
    const slow = defineJob({ name: 'slow-schema', module, input: later, run: (input) => input });
    const queue = makeTestQueue({ mode: 'manual' });
    const schedule = queue.schedule(slow, 'x', { every: 1_000 });
    expect(await caught(schedule.trigger())).toHaveProperty('code', 'ERR_INPUT');
    schedule.stop();
  });
});

test('dead letters of before a time can be removed', async () => {
  const queue = makeTestQueue({ mode: 'manual', startTime: 0 });
  queue.failNext(echo, new Error('failed'), 2);
  const [first, second] = await queue.addBulk(echo, [1, 2], { maxAttempts: 1 });
  await queue.runNext();
  await queue.clock.advance(1_000);
  await queue.runNext();
  expect(queue.deadLetters.remove({ before: 1_000 })).toBe(1);
  expect(queue.getJob(first.id)).toBeUndefined();
  expect(queue.deadLetters.remove({ before: new Date(1_001) })).toBe(1);
  expect(queue.getJob(second.id)).toBeUndefined();
});

test('a job shows what it is, and not all that it has', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  const job = await queue.add(echo, 'secret');
  expect(inspect(job)).toBe(`Job ${job.id} { name: echo, state: waiting, attempt: 0 }`);
});

test('a job that is put off has its line', async () => {
  const lines: any[] = [];
  const ignore = () => {};
  const logger = { trace: ignore, debug: ignore, info: (...line: unknown[]) => lines.push(line), warn: ignore, error: ignore };
  const queue = makeTestQueue({ mode: 'manual', logger });
  const job = await queue.add(snoozes, { counter: new SharedArrayBuffer(4), times: 1, ms: 500 });
  await queue.runNext();
  expect(lines).toMatchObject([[{ jobId: job.id, outcome: 'snoozed', retryIn: 500 }, 'job put off']]);
});

test('close ends a job that was told to stop as it was judged: it is not handed back', async () => {
  const queue = makeQueue();
  const job = await queue.add(polite, { how: 'gate', gate: new SharedArrayBuffer(8) });
  await next(queue, 'progress');
  job.cancel('enough');
  const { unfinished } = await queue.close({ drain: 'none' });
  expect(unfinished).toEqual([]);
  expect(await caught(job.result())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
  expect(job.attempts).toMatchObject([{ outcome: 'cancelled' }]);
  expectBalanced(queue);
});

test('jobs that wait for their time come in its order, however many left before', () => {
  const clock = new HandClock();
  const due: number[] = [];
  const delays = new Delays<{ order: number }>(clock, ({ order }) => due.push(order));
  const jobs = Array.from({ length: 400 }, (_, order) => ({ order }));
  for (const job of jobs) delays.add(job, ((job.order * 37) % 400) + 1);
  for (const job of jobs) if (job.order % 8 !== 0) delays.remove(job);
  clock.advance(500);
  const left = jobs.filter(({ order }) => order % 8 === 0).map(({ order }) => order);
  expect(due).toEqual(left.toSorted((a, b) => ((a * 37) % 400) - ((b * 37) % 400)));
});

describe('a test queue', () => {
  test('fails the attempt whose setup fails, and says what a teardown threw', async () => {
    const lines: any[] = [];
    const ignore = () => {};
    const logger = { trace: ignore, debug: ignore, info: ignore, warn: (...line: unknown[]) => lines.push(line), error: ignore };
    let fails = true;
    const opens = defineJob({
      name: 'opens',
      module,
      input: anything,
      setup: () => {
        if (fails) throw new Error('no connection');
        return 'open';
      },
      teardown: () => {
        throw new Error('cannot close');
      },
      run: (_input, { resource }) => resource,
    });
    const queue = makeTestQueue({ mode: 'inline', logger });
    expect(await caught(queue.run(opens, 1))).toHaveProperty('message', 'no connection');
    fails = false;
    expect(await queue.run(opens, 1)).toBe('open');
    await queue.close();
    expect(lines.at(-1)).toMatchObject([{ job: 'opens', error: 'cannot close' }, 'the teardown of a job failed']);
    expect(await caught(queue.ready())).toHaveProperty('code', 'ERR_QUEUE_CLOSED');
  });

  test('logs what cannot cross as text, and copies what cannot be moved', async () => {
    const memory = new (globalThis as any).WebAssembly.Memory({ initial: 1 }) as { buffer: ArrayBuffer };
    const moves = defineJob({
      name: 'moves',
      module,
      input: anything,
      run: (_input, context) => {
        context.log.info(() => {}, 'a function');
        return transfer(new Uint8Array(memory.buffer), [memory.buffer]);
      },
    });
    const queue = makeTestQueue({ mode: 'inline' });
    const job = await queue.add(moves, 1);
    expect((await job.result()) as Uint8Array).toHaveLength(65_536);
    expect(memory.buffer.byteLength).toBe(65_536);
    expect(job.logs.join()).toContain('a function');
  });
});

test('an active job says when it was started, as a date', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const job = await queue.add(hold, { gate: gate.memory });
  await until(() => gate.arrivals === 1);
  expect(job.state).toBe('active');
  expect(job.startedAt).toBeGreaterThanOrEqual(job.addedAt);
  expect(job.startedAt).toBeLessThanOrEqual(Date.now());
  gate.open();
  await job.result();
});

test('a definition that was told to wait goes on when the time is over, though one of its jobs runs on', async () => {
  let end!: () => void;
  let limit = true;
  const told = defineJob({
    name: 'told',
    module,
    input: anything,
    run: (long) => {
      if (long) {
        return new Promise<void>((resolve) => {
          end = resolve;
        });
      }
      if (!limit) return;
      limit = false;
      throw new RateLimitedError(500);
    },
  });
  const queue = makeTestQueue({ mode: 'inline', threads: 2 });
  const long = await queue.add(told, true);
  const job = await queue.add(told, false);
  expect(job.state).toBe('waiting');
  await queue.clock.advance(499);
  expect(job.state).toBe('waiting');
  await queue.clock.advance(1);
  expect([job.state, long.state]).toEqual(['completed', 'active']);
  end();
  await long.result();
});

test.each([[null], [undefined]])('a map over %s is refused', (source) => {
  expect(thrownBy(() => makeQueue().map(echo, source as never)).message).toMatch(/map\(echo\): expected an iterable/);
});

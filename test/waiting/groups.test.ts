import fc from 'fast-check';
import { type Job, type JobQueue, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { tenant } from '../fixtures/put-off.job.js';
import { alone, capped, limited, numberKey, shared, throwsKey, watched } from '../fixtures/tenants.job.js';
import { caught, makeGate, makeQueue, until, variant } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const of = (tenant: string, count: number) => Array.from({ length: count }, (_, n) => ({ tenant, n }));
/** The names of jobs in the order in which they start. */
function starts(queue: JobQueue): string[] {
  const order: string[] = [];
  queue.on('active', ({ input }) => {
    const { tenant, n } = input as { tenant: string; n: number };
    order.push(`${tenant}${n}`);
  });
  return order;
}

describe('groups', () => {
  test('take turns, and within a group the order of arrival holds', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order = starts(queue);
    await queue.addBulk(shared, [...of('a', 4), ...of('b', 2), ...of('c', 1)]);
    await queue.drain();
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'a2', 'a3']);
  });

  test('have had their turn in whichever definition: of a limited one, and of others', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order: string[] = [];
    queue.on('active', ({ name, input }) => void order.push(`${name} ${(input as { tenant: string }).tenant}`));
    for (const first of [shared, capped]) {
      const second = first === shared ? capped : shared;
      await queue.add(first, { tenant: 'a', n: 1 });
      await queue.add(second, { tenant: 'a', n: 2 });
      await queue.add(first, { tenant: 'b', n: 3 });
      await queue.drain();
    }
    expect(order).toEqual(['shared a', 'shared b', 'capped a', 'capped a', 'capped b', 'shared a']);
  });

  test('a late job waits for one turn of each other group, not for their many jobs', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order = starts(queue);
    await queue.addBulk(shared, of('flood', 1_000));
    await queue.runNext();
    await queue.add(shared, { tenant: 'late', n: 0 });
    await queue.runNext();
    await queue.runNext();
    expect(order).toEqual(['flood0', 'flood1', 'late0']);
  });

  test('do not change what priority says', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order = starts(queue);
    await queue.addBulk(shared, [...of('a', 1), ...of('b', 1)]);
    const urgent = await queue.addBulk(shared, of('c', 2), { priority: 1 });
    await queue.addBulk(shared, of('d', 1), { priority: -1 });
    expect(urgent.map(({ id }) => queue.explain(id))).toMatchObject([{ position: 0 }, { position: 1 }]);
    await queue.drain();
    expect(order).toEqual(['c0', 'c1', 'a0', 'b0', 'd0']);
  });

  test('come from add where it names one, and jobs without any are one group', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order = starts(queue);
    const { group, ...plain } = shared;
    const free = variant(shared, { name: 'shared' });
    expect(group).toBeDefined();
    expect(plain.name).toBe('shared');
    await queue.addBulk(free, of('x', 3));
    const named = await queue.add(free, { tenant: 'y', n: 0 }, { group: 'mine' });
    await queue.drain();
    expect(named.group).toBe('mine');
    expect(order).toEqual(['x0', 'y0', 'x1', 'x2']);
  });

  test('take turns in batches on threads too', async () => {
    const queue = makeQueue({ threads: 1 });
    await queue.addBulk(shared, of('warm', 50)).then((jobs) => Promise.all(jobs.map((job) => job.result())));
    queue.pause();
    const order = starts(queue);
    const jobs = await queue.addBulk(shared, [...of('a', 60), ...of('b', 20)]);
    queue.resume();
    await Promise.all(jobs.map((job) => job.result()));
    const firstForty = order.slice(0, 40);
    expect(firstForty.filter((name) => name.startsWith('b'))).toHaveLength(20);
  });

  test('keep their turns when their jobs come back unstarted from a thread', async () => {
    const queue = makeQueue({ threads: 1 });
    // What it costs is known: so they are sent together.
    for (let n = 0; n < 20; n++) await queue.run(tenant, { tenant: 'b' });
    const gate = makeGate();
    queue.pause();
    const first = await queue.add(tenant, { tenant: 'a', gate: gate.memory });
    const behind = await queue.addBulk(
      tenant,
      ['b', 'c', 'd', 'e'].map((name) => ({ tenant: name })),
    );
    queue.resume();
    await until(() => queue.stats().counts.active === 1);
    const completed: string[] = [];
    queue.on('completed', (job) => void completed.push(job.id));
    gate.open();
    await Promise.all(behind.map((job) => job.result()));
    expect(completed).toEqual([first, ...behind].map(({ id }) => id));
  });

  test('a bad key is refused, and says which option', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const threw = await caught(queue.add(throwsKey, { tenant: 'a', n: 0 }));
    expect(threw).toBeInstanceOf(OptionsError);
    expect(threw.message).toMatch(/group\.key.*throws-key.*no tenant/);
    expect(threw).toMatchObject({ jobName: 'throws-key', cause: { message: 'no tenant' } });
    expect((await caught(queue.add(numberKey, { tenant: 'a', n: 0 }))).message).toMatch(/expected a string, given number/);
    expect((await caught(queue.addBulk(numberKey, of('a', 3)))).message).toMatch(/expected a string/);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('follow the input that a dead letter is replayed with, where the group came from the input', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    queue.failNext(shared, new Error('failed'), 2);
    const derived = await queue.add(shared, { tenant: 'a', n: 0 }, { maxAttempts: 1 });
    const given = await queue.add(shared, { tenant: 'a', n: 1 }, { maxAttempts: 1, group: 'own' });
    await queue.drain();
    const input = { tenant: 'b', n: 0 };
    expect((await queue.deadLetters.replay(derived.id, { input })).group).toBe('b');
    expect((await queue.deadLetters.replay(given.id, { input })).group).toBe('own');
    expect(await queue.drain()).toMatchObject({ completed: 2 });
  });

  test('are kept over close and restore, retries and replays', async () => {
    const first = makeTestQueue({ mode: 'manual' });
    await first.addBulk(shared, [...of('a', 2), ...of('b', 1)]);
    const { unfinished } = await first.close();
    expect(unfinished.map(({ group }) => group)).toEqual(['a', 'b', 'a']);
    const second = makeTestQueue({ mode: 'manual', jobs: [shared] });
    const jobs = second.restore(unfinished);
    expect(jobs.map(({ group }) => group)).toEqual(['a', 'b', 'a']);
    second.failNext(shared, new Error('once'));
    await second.drain({ withRetries: true });
    expect(second.stats().counts.completed).toBe(3);
  });
});

describe('concurrency of a group', () => {
  test('1 is one after the other per key, and other groups go on', async () => {
    const queue = makeTestQueue({ mode: 'manual', threads: 3 });
    const order = starts(queue);
    await queue.addBulk(alone, [...of('a', 3), ...of('b', 1)]);
    await queue.drain();
    expect(order).toEqual(['a0', 'b0', 'a1', 'a2']);
  });

  test('holds in batches and on many threads, whatever is killed or taken back', async () => {
    const tenants = 5;
    const memory = new SharedArrayBuffer(8 * tenants);
    const queue = makeQueue({ threads: 2 });
    const inputs = Array.from({ length: 400 }, (_, n) => ({ tenant: `t${n % tenants}`, place: n % tenants, memory }));
    const jobs = await queue.addBulk(watched, inputs);
    await Promise.all(jobs.map((job) => job.result()));
    const cells = new Int32Array(memory);
    expect(Array.from({ length: tenants }, (_, place) => cells[2 * place + 1])).toEqual(Array(tenants).fill(1));
  });

  test('is what explain says where it holds a job back', async () => {
    const queue = makeTestQueue({ mode: 'manual', threads: 2 });
    const [, second] = (await queue.addBulk(alone, of('a', 2))) as [Job, Job];
    let reason: unknown;
    queue.once('active', () => {
      reason = queue.explain(second.id);
    });
    await queue.runNext();
    expect(reason).toMatchObject({ state: 'waiting', reason: 'group-concurrency' });
  });
});

describe('the rate limit of a group', () => {
  test('holds for each group, and nobody else waits', async () => {
    const queue = makeTestQueue({ mode: 'manual' });
    const order = starts(queue);
    await queue.addBulk(limited, [...of('a', 5), ...of('b', 1)]);
    await queue.drain();
    expect(order).toEqual(['a0', 'b0', 'a1']);
    await queue.clock.advance(999);
    await queue.drain();
    expect(order).toHaveLength(3);
    await queue.clock.advance(1);
    await queue.drain();
    expect(order).toEqual(['a0', 'b0', 'a1', 'a2', 'a3']);
  });
});

test('a limit of the definition holds beside its groups', async () => {
  const queue = makeTestQueue({ mode: 'manual', threads: 4 });
  await queue.addBulk(capped, [...of('a', 3), ...of('b', 3)]);
  const most: number[] = [];
  queue.on('active', () => void most.push(queue.stats().counts.active));
  await queue.drain();
  expect(Math.max(...most)).toBeLessThanOrEqual(2);
  expect(queue.stats().counts.completed).toBe(6);
});

test('no group with work is passed over more than once per turn of another, and none gets lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 60 }),
      fc.integer({ min: 0, max: 60 }),
      async (tenants, cut) => {
        const queue = makeTestQueue({ mode: 'manual' });
        const order = starts(queue);
        const inputs = tenants.map((tenant, n) => ({ tenant, n }));
        await queue.addBulk(shared, inputs.slice(0, cut));
        for (let n = 0; n < 5; n++) await queue.runNext();
        const already = order.length;
        await queue.addBulk(shared, inputs.slice(cut));
        await queue.drain();
        expect([...order].sort()).toEqual(inputs.map(({ tenant, n }) => `${tenant}${n}`).sort());
        for (const tenant of new Set(tenants)) {
          const own = order.filter((name) => name.startsWith(tenant));
          expect(own).toEqual(inputs.filter((input) => input.tenant === tenant).map(({ n }) => `${tenant}${n}`));
          // Between two of its own, after all had come: at most one of each other.
          const after = order.slice(already);
          const places = after.flatMap((name, at) => (name.startsWith(tenant) ? [at] : []));
          for (let at = 1; at < places.length; at++) {
            const between = after.slice((places[at - 1] as number) + 1, places[at]).map((name) => name[0]);
            expect(new Set(between).size).toBe(between.length);
          }
        }
        await queue.close();
      },
    ),
    { numRuns: 50 },
  );
});

import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type AddOptions, type Job, type JobDefinition, QueueClosedError } from 'threadmill';
import { expect, test } from 'vitest';
import { echo, once } from '../fixtures/answers.job.js';
import { beating, culprit, innocent } from '../fixtures/culprit.job.js';
import { holdAsync } from '../fixtures/misbehaves.job.js';
import { makeGate, makeQueue } from '../helpers.js';

/** How much is tried: `FAULT_RUNS=200 npx vitest run test/faults/properties.test.ts`; some more by `npm run test:slow`. */
const RUNS = Number(process.env.FAULT_RUNS ?? 3);
const SEED = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const fixed = { type: 'fixed', delay: 0 } as const;

type Step =
  | { do: 'add'; does: string; attempts: number; priority: number; delay: number; key: string | undefined }
  | { do: 'once'; does: string | undefined }
  | { do: 'beat'; bad: number }
  | { do: 'bulk'; count: number }
  | { do: 'cancel'; which: number }
  | { do: 'pause' | 'resume' | 'turn' | 'replay' };

const DOES = [
  'nothing',
  'nothing',
  'nothing',
  'nothing',
  'throw an Error',
  'throw null',
  'loop',
  'never settle',
  'exit 3',
  'throw in a timer',
  'float a rejection',
  'throw late',
  'exit late',
  'return a function',
];
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      does: fc.constantFrom(...DOES),
      attempts: fc.integer({ min: 1, max: 3 }),
      priority: fc.integer({ min: -1, max: 1 }),
      delay: fc.constantFrom(0, 0, 0, 5),
      key: fc.constantFrom(undefined, undefined, 'a', 'b'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('once' as const), does: fc.constantFrom(undefined, 'exit', 'hang', 'throw') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('beat' as const), bad: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('bulk' as const), count: fc.integer({ min: 1, max: 80 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(100) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const, 'turn' as const, 'replay' as const) }),
  },
);

/** One job as the model knows it. */
interface Expected {
  job: Job;
  attempts: number;
  ends: string[];
  replays: number;
  memory?: SharedArrayBuffer;
}

async function play(steps: Step[], threads: number, drain: 'all' | 'none'): Promise<void> {
  const queue = makeQueue({ threads, spareThreads: 1, deadLetters: { max: 100_000 }, keepCompleted: 100_000 });
  const model = new Map<string, Expected>();
  const wrong: string[] = [];
  const of = (job: Job): Expected => {
    const known = model.get(job.id);
    if (known !== undefined) return known;
    const expected = { job, attempts: 1, ends: [], replays: 0 };
    model.set(job.id, expected);
    return expected;
  };
  const check = () => {
    const { counts, totals, threads: t } = queue.stats();
    const living = totals.added + totals.replayed - totals.completed - totals.failed - totals.cancelled;
    if (counts.waiting + counts.delayed + counts.active !== living) wrong.push(`counts ${JSON.stringify(counts)} of ${living}`);
    if (t.busy > threads || t.busy > t.size || t.size > threads + 1) wrong.push(`threads ${JSON.stringify(t)}`);
  };
  queue.on('added', of);
  queue.on('active', (job) => {
    of(job);
    check();
  });
  for (const end of ['completed', 'failed', 'cancelled'] as const) {
    queue.on(end, (job: Job) => {
      const expected = of(job);
      expected.ends.push(end);
      if (expected.ends.length > 1 + expected.replays) wrong.push(`${job.id} ended ${expected.ends}`);
      check();
    });
  }
  queue.on('retrying', check);
  const expects = async (added: Promise<Job>, attempts: number, memory?: SharedArrayBuffer) => {
    const expected = of(await added);
    expected.attempts = Math.max(expected.attempts, attempts);
    if (memory !== undefined) expected.memory = memory;
  };
  const add = (definition: JobDefinition, input: unknown, options: AddOptions = {}) => queue.add(definition, input, options);
  for (const one of steps) {
    switch (one.do) {
      case 'add': {
        const { does, attempts, priority, delay, key } = one;
        const options = {
          maxAttempts: attempts,
          priority,
          delay,
          timeout: 40,
          backoff: fixed,
          ...(key !== undefined && { idempotencyKey: `${key} ${does}` }),
        };
        await expects(add(culprit, { does }, options), attempts);
        break;
      }
      case 'once': {
        const memory = new SharedArrayBuffer(16);
        await expects(add(once, { gate: memory, does: one.does }, { timeout: 40 }), 1, memory);
        break;
      }
      case 'beat':
        await expects(add(beating, { memory: new SharedArrayBuffer(16), does: 'loop', bad: one.bad }, { timeout: 40, maxAttempts: 3 }), 3);
        break;
      case 'bulk':
        for (const job of await queue.addBulk(
          innocent,
          Array.from({ length: one.count }, (_, n) => ({ n })),
        ))
          of(job).attempts = 4;
        break;
      case 'cancel':
        [...model.values()][one.which % Math.max(1, model.size)]?.job.cancel();
        break;
      case 'pause':
        queue.pause();
        break;
      case 'resume':
        queue.resume();
        break;
      case 'replay':
        for (const { id } of queue.deadLetters.list({ limit: 2 })) {
          const expected = model.get(id) as Expected;
          expected.replays++;
          await queue.deadLetters.replay(id);
        }
        break;
      case 'turn':
        // What the threads have said by now is heard.
        await turn();
    }
  }
  queue.resume();
  const { unfinished } = await queue.close({ drain, timeout: 20_000 });
  const handedBack = new Set(unfinished.map(({ id }) => id));
  if (drain === 'all') expect(handedBack.size).toBe(0);
  for (const { job, attempts, ends, replays, memory } of model.values()) {
    expect([job.id, job.attempts.filter(({ outcome }) => outcome !== 'interrupted').length <= attempts]).toEqual([job.id, true]);
    expect([job.id, ends.length]).toEqual([job.id, 1 + replays - (handedBack.has(job.id) ? 1 : 0)]);
    if (memory !== undefined) expect(new Int32Array(memory)[1]).toBeLessThanOrEqual(1 + replays);
    const output: any = job.state === 'completed' ? await job.result() : undefined;
    if (output?.beside !== undefined) expect(output.beside).toBe(0);
    if (handedBack.has(job.id)) await expect(job.result()).rejects.toBeInstanceOf(QueueClosedError);
  }
  expect(wrong).toEqual([]);
  expect(queue.stats().counts).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
}

test(`random work and faults against a model (seed ${SEED})`, { timeout: 600_000 }, async () => {
  const steps = fc.array(step, { minLength: 5, maxLength: 40 });
  const property = fc.asyncProperty(
    steps,
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom('all' as const, 'all' as const, 'none' as const),
    play,
  );
  await fc.assert(property, { seed: SEED, numRuns: RUNS, endOnFailure: true });
});

test(`jobs start by priority, then by arrival (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const jobs = fc.array(fc.record({ priority: fc.integer({ min: -3, max: 3 }), kind: fc.constantFrom(echo, innocent) }), {
    minLength: 1,
    maxLength: 200,
  });
  await fc.assert(
    fc.asyncProperty(jobs, fc.integer({ min: 1, max: 3 }), async (list, threads) => {
      const queue = makeQueue({ threads });
      queue.pause();
      const order: number[] = [];
      queue.on('active', (job) => void order.push((job.input as { n: number }).n));
      await Promise.all(list.map(({ kind, priority }, n) => queue.add(kind as JobDefinition, { n }, { priority })));
      queue.resume();
      await queue.close();
      const expected = list.map((_, n) => n).sort((a, b) => list[b].priority - list[a].priority || a - b);
      expect(order).toEqual(expected);
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
});

test(`no more run at once than concurrency allows, whatever dies (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const { defineJob } = await import('threadmill');
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2 }),
      fc.array(fc.constantFrom(...DOES), { minLength: 5, maxLength: 25 }),
      async (concurrency, list) => {
        const { name, module, input, run } = culprit;
        const limited = defineJob({ name, module, input, run, concurrency, timeout: 30, maxAttempts: 2, backoff: fixed });
        const queue = makeQueue({ threads: 3, spareThreads: 1 });
        let most = 0;
        queue.on('active', () => {
          most = Math.max(most, queue.stats().byName.culprit.counts.active);
        });
        const gate = makeGate();
        const beside = await queue.add(holdAsync, { gate: gate.memory });
        await Promise.all(list.map((does) => queue.run(limited, { does }).catch(() => {})));
        gate.open();
        await beside.result();
        expect(most).toBeLessThanOrEqual(concurrency);
        await queue.close();
      },
    ),
    { seed: SEED, numRuns: Math.ceil(RUNS / 2), endOnFailure: true },
  );
});

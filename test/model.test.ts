import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mess } from './fixtures/misbehaves.job.js';
import { makeQueue, next } from './helpers.js';

const deeds = ['fine', 'fine', 'fine', 'throw', 'unrecoverable', 'loop', 'never', 'exit', 'uncaught'];
const commands = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        does: fc.constantFrom(...deeds),
        bad: fc.constantFrom(1, 1, 9),
        delay: fc.constantFrom(0, 0, 5),
        priority: fc.integer({ min: 0, max: 2 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'await-end' as const) }) },
  ),
  { minLength: 5, maxLength: 25 },
);
const closes = fc.record({ drain: fc.constantFrom('all' as const, 'active' as const, 'none' as const) });

test('every accepted job ends exactly once, or is handed back', async () => {
  await fc.assert(
    fc.asyncProperty(commands, closes, async (list, close) => {
      const queue = makeQueue({ threads: 2, spareThreads: 1, keepCompleted: 1_000 });
      const ends = new Map<string, string[]>();
      for (const event of ['completed', 'failed', 'cancelled'] as const) {
        queue.on(event, (job: { id: string }) => void ends.set(job.id, [...(ends.get(job.id) ?? []), event]));
      }
      const jobs: Awaited<ReturnType<typeof queue.add>>[] = [];
      for (const command of list) {
        if (command.do === 'add') {
          const { does, bad, delay, priority } = command;
          jobs.push(await queue.add(mess, { does, bad }, { delay, priority }));
        } else if (command.do === 'cancel') {
          const job = jobs[command.which % Math.max(jobs.length, 1)];
          const ended = job && ['completed', 'failed', 'cancelled'].includes(job.state);
          if (job) expect(job.cancel()).toBe(!ended);
        } else if (command.do === 'pause') queue.pause();
        else if (command.do === 'resume') queue.resume();
        else if (command.do === 'turn') await new Promise((resolve) => setImmediate(resolve));
        else {
          const { waiting, active } = queue.stats().counts;
          if (!queue.isPaused && waiting + active > 0) {
            await Promise.race([next(queue, 'completed'), next(queue, 'failed'), next(queue, 'cancelled'), next(queue, 'retrying')]);
          }
        }
      }
      const settled = Promise.allSettled(jobs.map((job) => job.result()));
      const { unfinished } = await queue.close(close);
      const handedBack = unfinished.map(({ id }) => id);
      expect(new Set(handedBack).size).toBe(handedBack.length);
      for (const [index, result] of (await settled).entries()) {
        const job = jobs[index];
        const told = ends.get(job.id) ?? [];
        expect(told.length + (handedBack.includes(job.id) ? 1 : 0), `ends of ${job.id}`).toBe(1);
        if (told.length === 1) expect(job.state).toBe(told[0]);
        expect(result.status).toBe(told[0] === 'completed' ? 'fulfilled' : 'rejected');
        if (told.length === 0) expect((result as PromiseRejectedResult).reason.code).toBe('ERR_QUEUE_CLOSED');
      }
      const { totals } = queue.stats();
      expect(totals.added).toBe(jobs.length);
      expect(totals.added + totals.replayed).toBe(totals.completed + totals.failed + totals.cancelled + handedBack.length);
      const count = (event: string) => [...ends.values()].filter(([told]) => told === event).length;
      expect([totals.completed, totals.failed, totals.cancelled]).toEqual(['completed', 'failed', 'cancelled'].map(count));
    }),
    { numRuns: 8, endOnFailure: true, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
  );
}, 60_000);

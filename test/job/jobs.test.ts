import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Jobs } from '../../dist/job/jobs.js';
import type { JobRecord } from '../../dist/job/record.js';
import { PAGE, TIMES } from '../../dist/job/times.js';
import { isCollected } from '../helpers.js';

const commands = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ does: fc.constant('add' as const), skip: fc.integer({ min: 1, max: 100 }) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('delete' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('restore' as const), id: fc.string({ minLength: 1 }) }) },
  ),
  { maxLength: 400, size: 'max' },
);

test('a job is found by its id as long as it is in there, whatever came and went beside it', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const jobs = new Jobs();
      const model = new Map<string, JobRecord>();
      const gone: string[] = [];
      let number = 0;
      const put = (id: string, key: number | string) => {
        jobs.timesFor(key);
        const record = { key } as unknown as JobRecord;
        jobs.set(record);
        model.set(id, record);
      };
      for (const command of list) {
        if (command.does === 'add') {
          number += command.skip;
          put(`${jobs.idPrefix}${number}`, number);
        } else if (command.does === 'restore') put(`old-${command.id}`, `old-${command.id}`);
        else if (model.size > 0) {
          const [id, record] = [...model][command.which % model.size] as [string, JobRecord];
          jobs.delete(record);
          model.delete(id);
          gone.push(id);
        }
      }
      for (const [id, record] of model) expect(jobs.get(id)).toBe(record);
      for (const id of gone) if (!model.has(id)) expect(jobs.get(id)).toBeUndefined();
      expect(new Set(jobs)).toEqual(new Set(model.values()));
    }),
  );
});

test('of jobs that are gone nothing is kept but where the next ones come to, and what they shared with one that stays', async () => {
  const jobs = new Jobs();
  const put = (key: number) => {
    const times = new WeakRef(jobs.timesFor(key));
    const record = { key } as unknown as JobRecord;
    jobs.set(record);
    return { record, times };
  };
  const pages: WeakRef<number[]>[] = [];
  for (let key = 0; key <= 4 * PAGE; key++) {
    const { record, times } = put(key);
    if (key % PAGE === 0) pages.push(times);
    if (key !== PAGE) jobs.delete(record);
  }
  const gone = await Promise.all(pages.map((times) => isCollected(times)));
  expect(gone).toEqual([true, false, true, true, false]);
  expect(jobs.timesFor(4 * PAGE)).toBe(pages.at(-1)?.deref());
  expect([...jobs]).toHaveLength(1);
});

test('jobs next to each other share an array for their times, and one with an id of its own needs no more than its own', () => {
  const jobs = new Jobs();
  expect(jobs.timesFor(64)).toBe(jobs.timesFor(127));
  expect(jobs.timesFor(64)).toHaveLength(PAGE * TIMES);
  expect(jobs.timesFor('restored')).toHaveLength(TIMES);
});

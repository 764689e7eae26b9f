import { expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { alone, shared } from '../fixtures/tenants.job.js';
import { makeQueue, thrownBy } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const of = (tenant: string, count: number) => Array.from({ length: count }, (_, n) => ({ tenant, n }));

test('stats has the largest groups, of all definitions, where it is asked', async () => {
  const queue = makeTestQueue({ mode: 'manual', threads: 2 });
  await queue.addBulk(shared, [...of('b', 3), ...of('a', 5), ...of('c', 1)]);
  await queue.addBulk(alone, of('b', 1), { delay: 1_000 });
  await queue.addBulk(alone, of('c', 2), { priority: 5 });
  await queue.addBulk(echo, [1, 2]);
  const counts = (delayed: number, waiting: number, active: number) => ({ delayed, waiting, active });
  const { groups } = queue.stats({ groups: 3 });
  expect(groups).toEqual([
    { group: 'a', counts: counts(0, 5, 0) },
    { group: 'b', counts: counts(1, 3, 0) },
    { group: 'c', counts: counts(0, 3, 0) },
  ]);
  expect(queue.stats({ groups: 9 }).groups?.at(-1)).toEqual({ group: undefined, counts: counts(0, 2, 0) });
  expect(queue.stats()).not.toHaveProperty('groups');
  expect(queue.stats({ groups: 0 }).groups).toEqual([]);
  let during: unknown;
  queue.once('active', () => {
    during = queue.stats({ groups: 9 }).groups?.find(({ group }) => group === 'c');
  });
  await queue.runNext();
  // Held for its limit, and yet there.
  expect(during).toEqual({ group: 'c', counts: counts(0, 2, 1) });
});

test('the largest of many groups, in whatever order they came', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  const sizes = [3, 7, 1, 9, 5, 8, 2, 6, 4];
  for (const size of sizes) await queue.addBulk(shared, of(`t${size}`, size));
  expect(queue.stats({ groups: 4 }).groups?.map(({ group }) => group)).toEqual(['t9', 't8', 't7', 't6']);
});

test('stats of groups where there are none', () => {
  expect(makeQueue().stats({ groups: 5 }).groups).toEqual([]);
  for (const wrong of [{ groups: -1 }, { groups: 1.5 }, { group: 1 }]) {
    expect(thrownBy(() => makeQueue().stats(wrong as never))).toHaveProperty('code', 'ERR_OPTIONS');
  }
});

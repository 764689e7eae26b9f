import { expect, test } from 'vitest';
import { assertAdded, assertNotAdded, matchers } from '../../dist/testing/index.js';
import { thrownBy } from '../helpers.js';
import * as jobs from './cases.job.js';
import { makeTestQueue } from './queues.js';

expect.extend(matchers);

async function queueWithJobs() {
  const queue = makeTestQueue({ mode: 'manual' });
  await queue.add(jobs.double, { n: 1 });
  await queue.add(jobs.echo, { path: 'a.md', tags: ['x'] });
  return queue;
}

test('toHaveAdded finds jobs by definition and input; asymmetric matchers work', async () => {
  const queue = await queueWithJobs();
  expect(queue).toHaveAdded(jobs.double);
  expect(queue).toHaveAdded(jobs.double, { n: 1, note: 'none' });
  expect(queue).toHaveAdded(jobs.echo, expect.objectContaining({ path: expect.stringMatching(/\.md$/) }));
  expect(queue).not.toHaveAdded(jobs.double, { n: 2, note: 'none' });
  expect(queue).not.toHaveAdded(jobs.echo, undefined);
  expect(queue).not.toHaveAdded(jobs.flaky);
});

test('its failure says what was added instead', async () => {
  const queue = await queueWithJobs();
  expect(thrownBy(() => expect(queue).toHaveAdded(jobs.double, { n: 2 })).message).toBe(
    [
      'expected the queue to have added job "double" with { n: 2 }; it has added',
      "  double { n: 1, note: 'none' }",
      "  echo { path: 'a.md', tags: [ 'x' ] }",
    ].join('\n'),
  );
  expect(thrownBy(() => expect(queue).not.toHaveAdded(jobs.double)).message).toContain(
    'expected the queue not to have added job "double"; it',
  );
  const matcher = expect.objectContaining({ n: 9 });
  expect(thrownBy(() => expect(queue).toHaveAdded(jobs.double, matcher)).message).toContain('with ObjectContaining');
  const empty = makeTestQueue({ mode: 'manual' });
  expect(thrownBy(() => expect(empty).toHaveAdded(jobs.double)).message).toBe(
    'expected the queue to have added job "double"; it has added none',
  );
  expect(thrownBy(() => expect({}).toHaveAdded(jobs.double)).message).toContain('expected a queue from createTestQueue, given');
});

test('a long list is cut', async () => {
  const queue = makeTestQueue({ mode: 'manual' });
  await queue.addBulk(
    jobs.echo,
    Array.from({ length: 25 }, (_, n) => n),
  );
  expect(thrownBy(() => assertAdded(queue, jobs.echo, 99)).message).toMatch(/echo 19\n {2}and 5 more$/);
  const full = makeTestQueue({ mode: 'manual' });
  await full.addBulk(
    jobs.echo,
    Array.from({ length: 20 }, (_, n) => n),
  );
  expect(thrownBy(() => assertAdded(full, jobs.echo, 99)).message).toMatch(/echo 19$/);
  // And a deep or long input is.
  const deep = { a: { b: { c: { d: { e: { f: 1 } } } } }, text: 'x'.repeat(300), list: Array(50).fill(0) };
  const { message } = thrownBy(() => assertAdded(full, jobs.echo, deep));
  expect(message).toContain('b: { c: { d: { e: [Object] } } }');
  expect(message).toContain('... 100 more characters');
  expect(message).toContain('... 30 more items');
});

test('the plain functions need no vitest', async () => {
  const queue = await queueWithJobs();
  expect(assertAdded(queue, jobs.double)).toEqual(queue.added(jobs.double));
  expect(assertAdded(queue, jobs.double, { n: 1, note: 'none' })[0].input.n).toBe(1);
  assertAdded(queue, jobs.echo, ({ path }) => path.endsWith('.md'));
  assertNotAdded(queue, jobs.double, { n: 1, note: 'other' });
  expect(thrownBy(() => assertAdded(queue, jobs.double, ({ n }) => n > 1))).toMatchObject({
    name: 'AssertionError',
    code: 'ERR_ASSERTION',
    message: expect.stringContaining('expected the queue to have added'),
  });
  expect(thrownBy(() => assertNotAdded(queue, jobs.double)).message).toContain('expected the queue not to have added');
});

test('toHaveAdded goes by the equality testers that expect was given', async () => {
  class Money {
    constructor(
      readonly amount: number,
      readonly note: string,
    ) {}
  }
  const isMoney = (value: unknown): value is { amount: number } => typeof value === 'object' && value !== null && 'amount' in value;
  // Only of such things: the tester stays for all files of this process.
  expect.addEqualityTesters([
    (a: unknown, b: unknown) =>
      isMoney(a) && isMoney(b) && (a instanceof Money || b instanceof Money) ? a.amount === b.amount : undefined,
  ]);
  const queue = makeTestQueue({ mode: 'manual' });
  await queue.add(jobs.echo, { amount: 3, note: 'as it was' });
  expect(queue).toHaveAdded(jobs.echo, new Money(3, 'another note') as never);
  expect(queue).not.toHaveAdded(jobs.echo, new Money(4, 'as it was') as never);
});

import { describe, expect, test } from 'vitest';
import { about, echo, flaky } from '../fixtures/answers.job.js';
import { sum } from '../fixtures/schemas.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('map, settled', () => {
  test('tells what became of each item, and goes on', async () => {
    const queue = makeQueue();
    const inputs = [{ failures: 0 }, { failures: 1 }, { failures: 0 }];
    const items = await all(queue.map(flaky, inputs, { settled: true }));
    expect(items).toEqual([
      { index: 0, input: inputs[0], output: 1 },
      { index: 1, input: inputs[1], error: expect.objectContaining({ message: 'failure 1' }) },
      { index: 2, input: inputs[2], output: 1 },
    ]);
    expect(queue.deadLetters.size).toBe(0);
  });

  test('an input that the schema refuses is one that failed', async () => {
    const items = await all(makeQueue().map(sum, [{ a: 'x' as never }, { a: 1 }], { settled: true, ordered: false }));
    expect(items.map(({ index, error }) => [index, (error as any)?.code]).sort()).toEqual([
      [0, 'ERR_INPUT'],
      [1, undefined],
    ]);
  });

  test('ends with its queue', async () => {
    const queue = makeQueue();
    function* endless() {
      for (let n = 0; ; n++) yield n;
    }
    const items = queue.map(echo, endless(), { settled: true, concurrency: 2 });
    expect(await items.next()).toMatchObject({ value: { output: 0 } });
    await queue.close({ drain: 'none' });
    const rest = async () => {
      for await (const _ of items);
    };
    expect(await caught(rest())).toHaveProperty('code', 'ERR_QUEUE_CLOSED');
  });
});

describe('options of the jobs', () => {
  test('are those of run', async () => {
    const queue = makeQueue();
    expect(await all(queue.map(flaky, [{ failures: 2 }], { maxAttempts: 3 }))).toEqual([3]);
    const [told] = await all(queue.map(about, [1], { metadata: 'm', priority: 3, timeout: 5_000 }));
    expect(told).toMatchObject({ metadata: 'm', maxAttempts: 1 });
    expect(queue.list('completed')[0]).toMatchObject({ priority: 3 });
    expect((await all(queue.map(flaky, [{ failures: 9 }], { settled: true, deadLetter: true }))).length).toBe(1);
    expect(queue.deadLetters.size).toBe(1);
  });

  test('those that are unknown or belong to one job are refused', () => {
    const queue = makeQueue();
    for (const options of [{ idempotencyKey: 'k' }, { transfer: [] }, { delay: 1 }, { cocurrency: 1 }, { priority: 'x' }]) {
      expect(thrownBy(() => queue.map(echo, [], options as never))).toHaveProperty('code', 'ERR_OPTIONS');
      if (!('cocurrency' in options)) continue;
      expect(thrownBy(() => queue.schedule(echo, 1, { every: 1 }, options as never)).message).toContain('cocurrency');
    }
  });
});

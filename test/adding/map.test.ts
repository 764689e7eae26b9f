import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { CancelledError, InputError, type ItemError, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { picky } from '../fixtures/limited.job.js';
import { caught, makeGate, makeQueue, next, thrownBy, until, variant } from '../helpers.js';

const none = new SharedArrayBuffer(8);
Atomics.store(new Int32Array(none), 0, 1);

async function collect<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** Counts what is read of it, and whether it was closed. */
function counted(count: number, make: (n: number) => unknown = (n) => n) {
  const seen = { read: 0, closed: false };
  function* items() {
    try {
      for (let n = 0; n < count; n++) {
        seen.read++;
        yield make(n);
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, source: items() as Generator<any> };
}

async function* asAsync<Item>(items: Iterable<Item>) {
  yield* items;
}

describe('outputs', () => {
  test('come in the order of their inputs, from sync and async sources', async () => {
    const queue = makeQueue({ threads: 2 });
    const inputs = Array.from({ length: 500 }, (_, n) => ({ n }));
    const doubled = inputs.map(({ n }) => n * 2);
    expect(await collect(queue.map(picky, inputs))).toEqual(doubled);
    expect(await collect(queue.map(picky, asAsync(inputs), { concurrency: 7 }))).toEqual(doubled);
    expect(await collect(queue.map(picky, new Set(inputs), { concurrency: 1 }))).toEqual(doubled);
  });

  test('come as they end, when they need not be ordered', async () => {
    const queue = makeQueue({ threads: 2 });
    const gate = makeGate();
    const inputs = [
      { gate: gate.memory, value: 'slow' },
      { gate: none, value: 'a' },
      { gate: none, value: 'b' },
    ];
    const outputs = queue.map(hold, inputs, { ordered: false });
    expect([(await outputs.next()).value, (await outputs.next()).value]).toEqual(['a', 'b']);
    gate.open();
    expect(await collect(outputs)).toEqual(['slow']);
  });

  test('of a map can be the source of another', async () => {
    const queue = makeQueue({ threads: 2 });
    const twice = queue.map(
      picky,
      [1, 2, 3].map((n) => ({ n })),
    );
    async function* again() {
      for await (const n of twice) yield { n };
    }
    expect(await collect(queue.map(picky, again()))).toEqual([4, 8, 12]);
  });

  test('of an empty source are none', async () => {
    const queue = makeQueue();
    expect(await collect(queue.map(echo, []))).toEqual([]);
    expect(await collect(queue.map(echo, asAsync([])))).toEqual([]);
  });
});

describe('backpressure', () => {
  test.each([true, false])('never more than concurrency items are read ahead of the consumer (ordered: %s)', async (ordered) => {
    const queue = makeQueue({ threads: 2 });
    const { seen, source } = counted(200);
    let taken = 0;
    for await (const _ of queue.map(echo, source, { concurrency: 5, ordered })) {
      taken++;
      expect(seen.read - taken).toBeLessThanOrEqual(5);
      if (taken % 50 === 0) {
        await queue.run(echo, 'other');
        expect(seen.read - taken).toBeLessThanOrEqual(5);
      }
    }
    expect(taken).toBe(200);
  });

  test('a source of any length is read step by step, and nothing is read before the first item is asked for', async () => {
    const queue = makeQueue({ threads: 2 });
    const { seen, source } = counted(Number.POSITIVE_INFINITY);
    const outputs = queue.map(echo, source);
    expect(seen.read).toBe(0);
    for (let n = 0; n < 1_000; n++) expect((await outputs.next()).value).toBe(n);
    expect(seen.read).toBeLessThanOrEqual(1_000 + 2 * 2 * 64);
    await outputs.return();
    expect(seen.closed).toBe(true);
  });

  test('where a full queue rejects, the map waits for its own jobs', async () => {
    const queue = makeQueue({ maxWaiting: 3, whenFull: 'reject' });
    expect(await collect(queue.map(echo, counted(50).source, { concurrency: 20 }))).toHaveLength(50);
  });

  test('an item that finds the queue full of other jobs fails, where none of the map runs that would make room', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    const gate = makeGate();
    const outputs = queue.map(
      echo,
      (async function* () {
        yield 1;
        await queue.add(hold, { gate: gate.memory });
        await until(() => gate.arrivals === 1);
        await queue.add(echo, 'fills');
        yield 2;
      })(),
    );
    expect(await outputs.next()).toEqual({ done: false, value: 1 });
    const error = await caught(outputs.next());
    gate.open();
    expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', index: 1 });
  });

  test.each([1, 2, 3, 7])('a map of which none gets in fails, %i at once', async (concurrency) => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    queue.pause();
    await queue.add(echo, 'fills');
    const { source } = counted(10);
    expect(await caught(queue.map(echo, source, { concurrency }).next())).toMatchObject({ code: 'ERR_QUEUE_FULL', index: 0 });
    expect(queue.stats().totals).toMatchObject({ added: 1 });
  });

  test('a source that is slow does not hold back what is done', async () => {
    const queue = makeQueue();
    let go = () => {};
    async function* slow() {
      yield 'first';
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      yield 'second';
    }
    const outputs = queue.map(echo, slow());
    expect((await outputs.next()).value).toBe('first');
    const second = outputs.next();
    go();
    expect((await second).value).toBe('second');
  });
});

describe('breaking off', () => {
  test('cancels what is left and closes the source', async () => {
    const queue = makeQueue({ threads: 2 });
    const gate = makeGate();
    const { seen, source } = counted(100, (n) => ({ gate: n === 0 ? none : gate.memory, value: n }));
    for await (const value of queue.map(hold, source, { concurrency: 10 })) {
      expect(value).toBe(0);
      break;
    }
    expect(seen).toEqual({ read: 11, closed: true });
    const { counts, totals } = queue.stats();
    expect([counts.waiting, counts.active, totals.completed, totals.cancelled]).toEqual([0, 0, 1, 10]);
  });

  test('closes a source that is being read, without waiting for it', async () => {
    const queue = makeQueue();
    let closed = false;
    const source: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => {
        let count = 0;
        return {
          next: () => (count++ === 0 ? Promise.resolve({ done: false, value: 1 }) : new Promise(() => {})),
          return: () => {
            closed = true;
            return new Promise(() => {});
          },
        };
      },
    };
    for await (const _ of queue.map(echo, source)) break;
    expect(closed).toBe(true);
  });

  test('throws what closing the source throws, as `for await` does', async () => {
    const queue = makeQueue();
    const source: Iterable<number> = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: 1 }),
        return: () => {
          throw new Error('of closing');
        },
      }),
    };
    const broken = (async () => {
      for await (const _ of queue.map(echo, source, { concurrency: 2 })) break;
    })();
    expect(await caught(broken)).toHaveProperty('message', 'of closing');
  });

  test('because an item has failed throws its error, whatever closing the source gives', async () => {
    const queue = makeQueue();
    const source: AsyncIterable<{ failures: number }> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: { failures: 1 } }),
        return: () => Promise.reject(new Error('of closing')),
      }),
    };
    const outputs = queue.map(flaky, source, { concurrency: 1 });
    expect(await caught(outputs.next())).toMatchObject({ index: 0, message: expect.not.stringContaining('of closing') });
    // A rejection that nobody handles fails the run.
    await turn();
  });

  test('before the first item reads nothing and listens to nothing', async () => {
    const queue = makeQueue();
    const { seen, source } = counted(3);
    await queue.map(echo, source).return();
    expect(seen.read).toBe(0);
  });
});

describe('a failing item', () => {
  test('throws its own error with its index and input, after the items before it', async () => {
    const queue = makeQueue({ threads: 2 });
    const { seen, source } = counted(1_000, (n) => ({ n, ...(n === 3 && { fails: 'range' }) }));
    const outputs: number[] = [];
    const error = await caught(
      (async () => {
        for await (const output of queue.map(picky, source, { concurrency: 8 })) outputs.push(output);
      })(),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no 3', index: 3, input: { n: 3, fails: 'range' } } satisfies Partial<ItemError>);
    expect(Object.keys(error)).toEqual([]);
    expect(outputs).toEqual([0, 2, 4]);
    expect(seen.closed).toBe(true);
    expect(seen.read).toBeLessThanOrEqual(12);
    expect(queue.stats().counts).toMatchObject({ waiting: 0, active: 0 });
  });

  test('is not run again, whatever else runs', async () => {
    const queue = makeQueue({ threads: 2 });
    const outputs: unknown[] = [];
    for await (const one of queue.map(picky, [{ n: 1, fails: 'range' }, { n: 2 }, { n: 3, fails: 'text' }, { n: 4 }], { settled: true }))
      outputs.push(one);
    expect(outputs).toMatchObject([{ error: { message: 'no 1' } }, { output: 4 }, { error: 'just a text' }, { output: 8 }]);
    expect(queue.stats().totals).toMatchObject({ added: 4, completed: 2, failed: 2 });
  });

  test('that throws no error, or one with an index of its own, is the cause of one that says which', async () => {
    const queue = makeQueue();
    const text = await caught(collect(queue.map(picky, [{ n: 0 }, { n: 1, fails: 'text' as const }])));
    expect(text).toBeInstanceOf(Error);
    expect(text).toMatchObject({ index: 1, cause: 'just a text', message: 'map(picky): item 1 failed: just a text' });
    const taken = await caught(collect(queue.map(picky, [{ n: 0, fails: 'taken' as const }], { ordered: false })));
    expect(taken).toMatchObject({ index: 0, input: { n: 0 }, cause: { index: -1, input: 'of the handler' } });
  });

  test('can be one that the schema refuses', async () => {
    const queue = makeQueue();
    const error = await caught(collect(queue.map(picky, [{ n: 0 }, { n: 'one' } as never])));
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ index: 1, input: { n: 'one' } });
  });

  test('leaves no rejection unhandled when many fail', async () => {
    const queue = makeQueue({ threads: 2 });
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', listener);
    await caught(collect(queue.map(picky, counted(100, (n) => ({ n, fails: 'range' })).source)));
    await queue.run(echo, 'and a turn');
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  test('of the source throws after what was read before', async () => {
    const queue = makeQueue();
    function* broken() {
      yield 1;
      yield 2;
      throw new Error('the file ended');
    }
    for (const source of [broken(), asAsync(broken())]) {
      const outputs = queue.map(echo, source);
      expect([(await outputs.next()).value, (await outputs.next()).value]).toEqual([1, 2]);
      expect(await caught(outputs.next())).toMatchObject({ message: 'the file ended' });
    }
  });
});

describe('its signal', () => {
  test('cancels everything', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const controller = new AbortController();
    const { seen, source } = counted(100, (n) => ({ gate: gate.memory, value: n }));
    const outputs = queue.map(hold, source, { concurrency: 10, signal: controller.signal });
    const first = caught(outputs.next());
    await until(() => gate.arrivals === 1);
    controller.abort('enough');
    const error = await first;
    expect(error).toBeInstanceOf(CancelledError);
    expect(error.reason).toBe('enough');
    expect(seen.closed).toBe(true);
    expect(queue.stats().totals.cancelled).toBe(10);
    expect(await outputs.next()).toEqual({ done: true, value: undefined });
  });

  test('ends a wait for a source that gives nothing', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    async function* silent() {
      await new Promise(() => {});
      yield 1;
    }
    const first = caught(queue.map(echo, silent(), { signal: controller.signal }).next());
    controller.abort();
    expect(await first).toBeInstanceOf(CancelledError);
  });

  test('is the reason, also where its source fails for the same', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    let failed = false;
    async function* source() {
      yield 1;
      try {
        await once(controller.signal, 'abort');
        throw new Error('of the source');
      } finally {
        failed = true;
      }
    }
    const outputs = queue.map(echo, source(), { signal: controller.signal });
    expect((await outputs.next()).value).toBe(1);
    controller.abort('enough');
    // Nobody asks until both have happened, and have been heard.
    await until(() => failed);
    await turn();
    expect(await caught(outputs.next())).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
  });

  test('that is aborted already refuses the first item', async () => {
    const queue = makeQueue();
    const { seen, source } = counted(3);
    expect(await caught(queue.map(echo, source, { signal: AbortSignal.abort() }).next())).toBeInstanceOf(CancelledError);
    expect(seen.read).toBe(0);
  });

  test('cancels a whole pipeline of maps', async () => {
    const queue = makeQueue();
    const controller = new AbortController();
    const { signal } = controller;
    const { seen, source } = counted(Number.POSITIVE_INFINITY);
    const pipeline = queue.map(echo, queue.map(echo, source, { signal, concurrency: 4 }), { signal, concurrency: 4 });
    expect((await pipeline.next()).value).toBe(0);
    controller.abort();
    expect(await caught(pipeline.next())).toBeInstanceOf(CancelledError);
    await until(() => seen.closed);
    expect(queue.stats().counts).toMatchObject({ waiting: 0, active: 0 });
  });
});

test('wrong options and sources are OptionsErrors at once', () => {
  const queue = makeQueue();
  expect(thrownBy(() => queue.map(echo, [], { concurrency: 0 }))).toBeInstanceOf(OptionsError);
  expect(thrownBy(() => queue.map(echo, [], { order: true } as never)).message).toMatch('"order"');
  const wrong = {
    ordered: 1,
    concurrency: 1.5,
    signal: {},
    settled: 'yes',
    delay: 1,
    idempotencyKey: 'k',
    onDuplicate: 'join',
    ttl: 1,
    transfer: [],
  };
  for (const [option, value] of Object.entries(wrong)) {
    const error = thrownBy(() => queue.map(echo, [], { [option]: value } as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(`"${option}"`);
  }
  expect(thrownBy(() => queue.map(echo, 5 as never)).message).toMatch('map(echo): expected an iterable');
});

test('after an item has failed no further input is read, though an earlier item still runs', async () => {
  const queue = makeQueue({ threads: 2 });
  const gate = makeGate();
  let reads = 0;
  function* inputs() {
    for (; reads < 50; reads++) yield reads === 0 ? { gate: gate.memory, value: 'first' } : reads === 1 ? {} : { gate: gate.memory };
  }
  const outputs = queue.map(variant(hold, { maxAttempts: 1 }), inputs(), { concurrency: 2 });
  const failed = next(queue, 'failed');
  const first = outputs.next();
  await failed;
  for (let n = 0; n < 50; n++) await turn();
  expect(reads).toBeLessThanOrEqual(2);
  gate.open();
  expect((await first).value).toBe('first');
  expect(await caught(outputs.next())).toMatchObject({ index: 1 });
});

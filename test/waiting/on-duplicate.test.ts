import { CancelledError, IdempotencyError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { caught, expectBalanced, makeGate, makeQueue, next } from '../helpers.js';
import { makeTestQueue } from '../testing/queues.js';

const manual = () => makeTestQueue({ mode: 'manual' });
const idempotencyKey = 'k';

describe('onDuplicate', () => {
  test('reject: refused while the key stands for a job, whatever the input', async () => {
    const queue = manual();
    const options = { idempotencyKey, onDuplicate: 'reject', ttl: 1_000 } as const;
    await queue.add(echo, 1, options);
    expect(await caught(queue.add(echo, 1, options))).toBeInstanceOf(IdempotencyError);
    await queue.drain();
    expect(await caught(queue.add(echo, 2, options))).toHaveProperty('code', 'ERR_IDEMPOTENCY');
    await queue.clock.advance(1_000);
    expect((await queue.add(echo, 2, options)).deduplicated).toBe(false);
  });

  test('replace: the waiting one is cancelled, and the new one takes its place in line', async () => {
    const queue = manual();
    const options = { idempotencyKey, onDuplicate: 'replace' } as const;
    const first = await queue.add(echo, 'first', options);
    const between = await queue.add(echo, 'between');
    const second = await queue.add(echo, 'second', options);
    expect(second.deduplicated).toBe(false);
    expect(await caught(first.result())).toBeInstanceOf(CancelledError);
    expect(queue.list('waiting').map(({ id }) => id)).toEqual([second.id, between.id]);
    expect((await queue.add(echo, 'second', { idempotencyKey })).id).toBe(second.id);
    await queue.drain();
    expect(second.output).toBe('second');
    const third = await queue.add(echo, 'third', options);
    await queue.drain();
    expect([third.output, third.deduplicated]).toEqual(['third', false]);
    expect((await queue.add(echo, 'third', { idempotencyKey })).id).toBe(third.id);
    expectBalanced(queue);
  });

  test('replace with a delay is debouncing', async () => {
    const queue = manual();
    for (let n = 0; n < 3; n++) {
      await queue.add(echo, n, { idempotencyKey, onDuplicate: 'replace', delay: 1_000 });
      await queue.clock.advance(600);
    }
    await queue.drain();
    expect(queue.stats().totals).toMatchObject({ completed: 0, cancelled: 2 });
    await queue.clock.advance(400);
    await queue.drain();
    expect(queue.list('completed').map(({ output }) => output)).toEqual([2]);
  });

  test('replace leaves one that runs alone, and the key stands for the new one', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const first = await queue.add(hold, { gate: gate.memory, value: 1 }, { idempotencyKey });
    await next(queue, 'progress');
    const second = await queue.add(hold, { gate: gate.memory, value: 2 }, { idempotencyKey, onDuplicate: 'replace' });
    gate.open();
    expect([await first.result(), await second.result()]).toEqual([1, 2]);
    const third = await queue.add(hold, { gate: gate.memory, value: 3 }, { idempotencyKey, onDuplicate: 'drop' });
    expect([third.id, third.deduplicated]).toEqual([second.id, true]);
  });

  test('replace needs no room of its own', async () => {
    const queue = makeQueue({ maxWaiting: 1, whenFull: 'reject' });
    queue.pause();
    const options = { idempotencyKey, onDuplicate: 'replace' } as const;
    await queue.add(echo, 1, options);
    await queue.add(echo, 2, options);
    expect(queue.list('waiting').map(({ input }) => input)).toEqual([2]);
  });

  test('drop with a ttl is throttling', async () => {
    const queue = manual();
    const options = { idempotencyKey, onDuplicate: 'drop', ttl: 1_000 } as const;
    const first = await queue.add(echo, 1, options);
    expect((await queue.add(echo, 2, options)).id).toBe(first.id);
    await queue.drain();
    expect(await queue.run(echo, 3, options)).toBe(1);
    await queue.clock.advance(1_000);
    expect((await queue.add(echo, 4, options)).deduplicated).toBe(false);
    expect(queue.stats().totals).toMatchObject({ added: 2, deduplicated: 2 });
  });

  test('belongs to a key', async () => {
    const queue = makeQueue();
    for (const options of [{ onDuplicate: 'drop' }, { ttl: 1 }, { idempotencyKey, onDuplicate: 'some' }]) {
      expect(await caught(queue.add(echo, 1, options as never))).toHaveProperty('code', 'ERR_OPTIONS');
    }
  });
});

import { createSecretKey } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { NotCloneableError, QueueClosedError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { portable, shared } from '../../dist/closing/portable.js';
import { echo, hold } from '../fixtures/answers.job.js';
import { caught, makeGate, makeQueue, next, thrownBy } from '../helpers.js';

const survives = (value: unknown) => deserialize(serialize(portable(value, 'input')));

describe('a portable value', () => {
  test.each([
    ['primitives', [1, 'a', true, null, undefined, 1n, Number.NaN]],
    ['nested objects', { a: { b: [{ c: 1 }] }, __proto__: null }],
    ['an own __proto__', JSON.parse('{"__proto__":{"x":1}}')],
    ['a Map and a Set', { map: new Map([[{ k: 1 }, new Set([1, [2]])]]), set: new Set([new Map()]) }],
    ['a Date, a RegExp and boxed values', [new Date(0), /x/g, Object('s'), Object(1n)]],
    ['an Error', new RangeError('text', { cause: 'because' })],
    ['buffers and views', { buffer: new ArrayBuffer(8), view: new Uint16Array([1, 2]), data: new DataView(new ArrayBuffer(4)) }],
    ['a sparse array', Object.assign([1], { 2: 3 })],
    ['an empty object', {}],
  ])('is what it was: %s', (_, value) => {
    expect(survives(value)).toEqual(structuredClone(value));
  });

  test('keeps circles, and what is there twice is there once', () => {
    const circle: { self?: unknown; twice: unknown[] } = { twice: [] };
    const shared = new SharedArrayBuffer(4);
    circle.self = circle;
    circle.twice.push(circle.twice, shared, shared);
    const copy = portable(circle, 'input') as { self: unknown; twice: unknown[] };
    expect(copy.self).toBe(copy);
    expect(copy.twice[0]).toBe(copy.twice);
    expect(copy.twice[1]).toBe(copy.twice[2]);
  });

  test('has a copy of shared memory, with the bytes of the moment', () => {
    const memory = new SharedArrayBuffer(16);
    new Int32Array(memory).set([1, 2, 3, 4]);
    const copy = survives({ memory, view: new Int32Array(memory, 4, 2), bytes: Buffer.from(memory, 8), data: new DataView(memory, 12) });
    new Int32Array(memory).fill(9);
    expect(copy.memory).toBeInstanceOf(ArrayBuffer);
    expect([...new Int32Array(copy.memory)]).toEqual([1, 2, 3, 4]);
    expect([...copy.view]).toEqual([2, 3]);
    expect([...copy.bytes]).toEqual([3, 0, 0, 0, 4, 0, 0, 0]);
    expect(copy.data.getInt32(0, true)).toBe(4);
  });

  test('is shared again in this process, and only there', () => {
    const memory = new SharedArrayBuffer(16);
    const copy = portable({ memory, views: [new Int32Array(memory, 4, 2)], other: new Uint8Array(2) }, 'input');
    const again = shared(copy) as { memory: unknown; views: Int32Array[]; other: Uint8Array };
    expect(again.memory).toBe(memory);
    expect(again.views[0].buffer).toBe(memory);
    expect([again.views[0].byteOffset, again.views[0].length]).toEqual([4, 2]);
    expect(again.other.buffer).toBeInstanceOf(ArrayBuffer);
    expect((shared(deserialize(serialize(copy))) as { memory: unknown }).memory).toBeInstanceOf(ArrayBuffer);
  });

  test('is no object of the value itself: what changes that later does not change it', () => {
    class Point {
      x = 1;
    }
    const value = { empty: {}, bare: Object.create(null), list: [], point: new Point(), map: new Map() };
    const copy = portable(value, 'input') as typeof value;
    Object.assign(value.empty, { late: 1 });
    Object.assign(value.bare, { late: 1 });
    value.list.push(1 as never);
    value.map.set('late', 1);
    value.point.x = 2;
    expect(copy).toEqual({ empty: {}, bare: {}, list: [], point: { x: 1 }, map: new Map() });
  });

  test('does not copy buffers that nobody shares', () => {
    const bytes = new Uint8Array(1_000);
    expect((portable({ bytes }, 'input') as { bytes: Uint8Array }).bytes).toBe(bytes);
  });

  test.each([
    ['a detached buffer', () => ({ a: [detached()] }), /input\.a\[0\] .*detached/],
    ['a view on one', () => ({ a: { b: new Map([[1, viewOnDetached()]]) } }), /input\.a\.b \(an entry\) .*detached/],
    ['a key', () => ({ key: createSecretKey(Buffer.from('k')) }), /input\.key/],
    [
      'a WebAssembly module',
      () => [new (globalThis as any).WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))],
      /input\[0\]/,
    ],
    ['a function', () => new Set([() => {}]), /input \(a member\) .*function/],
  ])('cannot be made of %s: the path is named', (_, make, message) => {
    const error = thrownBy(() => portable(make(), 'input'));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.message).toMatch(message);
  });
});

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function viewOnDetached(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

describe('what close hands back', () => {
  test('survives v8.serialize with shared memory in it, and is restored', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    gate.open();
    queue.pause();
    const job = await queue.add(hold, { gate: gate.memory, value: 'restored' }, { metadata: { memory: gate.memory } });
    const { unfinished } = await queue.close({ drain: 'none' });
    const other = makeQueue({ jobs: [hold] });
    const [restored] = other.restore(deserialize(serialize(unfinished)));
    expect(restored.id).toBe(job.id);
    expect((restored.metadata as { memory: ArrayBuffer }).memory).toBeInstanceOf(ArrayBuffer);
  });

  test('does not lose the others of a job whose buffer was transferred: that one is cancelled, and says why', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const buffer = new ArrayBuffer(8);
    const moved = await queue.add(hold, { gate: gate.memory, buffer }, { maxAttempts: 1, transfer: [buffer] });
    const waiting = await queue.add(echo, 'waiting');
    await next(queue, 'progress');
    const cancelled = next(queue, 'cancelled');
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(serialize(unfinished).length).toBeGreaterThan(0);
    expect(unfinished.map(({ id }) => id)).toEqual([waiting.id]);
    expect((await cancelled)[0].id).toBe(moved.id);
    const error = await caught(moved.result());
    expect(error).toBeInstanceOf(QueueClosedError);
    expect(error.message).toMatch(/cannot be handed back: input\.buffer .*transferred/);
    expect(error).toMatchObject({ jobId: moved.id, cause: expect.any(NotCloneableError) });
    expect(moved.state).toBe('cancelled');
    await caught(waiting.result());
    expect(queue.stats().totals).toMatchObject({ added: 2, cancelled: 1 });
  });

  test('is handed back whole where a getter in an input cancels another job', async () => {
    const queue = makeQueue();
    queue.pause();
    const jobs: { cancel(): boolean; id: string }[] = [];
    let reads = 0;
    const input = {
      get n() {
        if (++reads > 2) jobs[1]?.cancel();
        return 1;
      },
    };
    jobs.push(await queue.add(echo, input), await queue.add(echo, 2), await queue.add(echo, 3));
    reads = 2;
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(unfinished.map(({ id }) => id)).toEqual([jobs[0].id, jobs[2].id]);
    const { totals } = queue.stats();
    expect(totals).toMatchObject({ added: 3, cancelled: 1 });
  });
});

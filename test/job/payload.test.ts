import { createSecretKey, type KeyObject } from 'node:crypto';
import { BlockList } from 'node:net';
import { InputTooLargeError, NotCloneableError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { pack } from '../../dist/job/payload.js';
import { bytes, echo } from '../fixtures/answers.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';

class Hidden {
  #value = 1;
  get value() {
    return this.#value;
  }
}

describe('what cannot be cloned is named by its path', () => {
  test.each<[string, unknown, string]>([
    ['a function', { onDone: () => {} }, 'input.onDone is a function'],
    ['a symbol in a list', { list: [1, Symbol('x')] }, 'input.list[1] is a symbol'],
    ['a strange key', { 'a b': { fn() {} } }, 'input["a b"].fn is a function'],
    ['a promise', [Promise.resolve()], 'input[0] is a Promise'],
    ['a proxy', { p: new Proxy({}, {}) }, 'input.p is a Proxy'],
    ['a value of a Map', new Map([['k', () => {}]]), 'input.get(k) is a function'],
    ['a member of a Set', new Set([() => {}]), 'input (a member) is a function'],
    ['a WeakMap', { w: new WeakMap() }, 'input.w is an instance of WeakMap'],
    ['the cause of an error', { e: new Error('e', { cause: { why: () => {} } }) }, 'input.e.cause.why is a function'],
    ['a private class', { h: new Hidden() }, 'input.h is an instance of Hidden'],
    ['a URL', { u: new URL('https://example.org') }, 'input.u is an instance of URL'],
    ['the input itself', () => {}, 'input is a function'],
  ])('%s', async (_what, input, message) => {
    const queue = makeQueue();
    const error = await caught(queue.add(echo, input));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.code).toBe('ERR_NOT_CLONEABLE');
    expect(error.message).toContain(message);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('the error carries the name of the job', async () => {
    expect((await caught(makeQueue().add(echo, () => {}))).jobName).toBe('echo');
  });

  test('a detached buffer', () => {
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    expect(thrownBy(() => pack({ buffer }, 'input')).message).toContain('input.buffer is a detached ArrayBuffer');
  });
});

describe('what can be cloned arrives', () => {
  test.each<[string, unknown]>([
    ['text', 'text'],
    ['null', null],
    ['undefined', undefined],
    ['a bigint', 12n],
    ['NaN', Number.NaN],
    ['nested', { a: [{ b: [1, 'two', null] }] }],
    ['a Map and a Set', new Map<string, unknown>([['k', new Set([1, 2])]])],
    ['a Date', new Date(12345)],
    ['a RegExp', /a+/gi],
    ['typed arrays', { a: new Float64Array([1.5, 2]), b: new Uint8Array([1, 2, 3]) }],
    ['an error', { error: new RangeError('sent') }],
  ])('%s', async (_what, input) => {
    expect(await makeQueue().run(echo, input)).toEqual(input);
  });

  test('what Node.js clones of its own, though its state is private', async () => {
    const key = createSecretKey(Buffer.from('secret'));
    const list = new BlockList();
    list.addAddress('127.0.0.1');
    const arrived = (await makeQueue().run(echo, { key, list, blob: new Blob(['text']) })) as {
      key: KeyObject;
      list: BlockList;
      blob: Blob;
    };
    expect(arrived.key.equals(key)).toBe(true);
    expect(arrived.list.rules).toEqual(list.rules);
    expect(await arrived.blob.text()).toBe('text');
  });

  test('a circle', async () => {
    const input: { name: string; self?: unknown } = { name: 'circle' };
    input.self = input;
    const output = await makeQueue().run(echo, input);
    expect(output.self).toBe(output);
  });

  test('a circle that holds a small view', async () => {
    const input: { view: Uint8Array; self?: unknown } = { view: Buffer.from('abc') };
    input.self = input;
    const output = await makeQueue().run(echo, input);
    expect(output.self).toBe(output);
    expect([...output.view]).toEqual([97, 98, 99]);
  });

  test('shared memory stays shared', async () => {
    const memory = new SharedArrayBuffer(4);
    const output = await makeQueue().run(echo, { memory });
    Atomics.store(new Int32Array(memory), 0, 9);
    expect(new Int32Array(output.memory)[0]).toBe(9);
  });
});

describe('buffers', () => {
  test('a small Buffer leaves its pool behind', async () => {
    expect(await makeQueue().run(bytes, Buffer.from('abc'))).toEqual({ text: 'abc', whole: 3, type: 'Uint8Array' });
  });

  test('a view keeps its type and its part only', () => {
    const whole = new Float64Array([1, 2, 3, 4]).subarray(1, 3);
    const { value, bytes: estimate } = pack({ list: [whole], map: new Map([['k', whole]]) }, 'input') as any;
    expect(value.list[0]).toBeInstanceOf(Float64Array);
    expect([...value.list[0]]).toEqual([2, 3]);
    expect(value.list[0].buffer.byteLength).toBe(16);
    expect(value.map.get('k').buffer.byteLength).toBe(16);
    expect(estimate).toBeLessThan(300);
  });

  test('what stands beside a small Buffer stays what it is: nothing, an error, and what JSON calls __proto__', () => {
    const failure = Object.assign(new RangeError('over'), { code: 'E_OVER' });
    expect((pack({ data: Buffer.from('abc'), failure }, 'input') as any).value.failure).toBe(failure);
    const input = { data: Buffer.from('abc'), nothing: null, missing: undefined, ...JSON.parse('{"deep":{"__proto__":{"admin":true}}}') };
    const { value } = pack(input, 'input') as any;
    expect(value).toEqual({ data: new Uint8Array([97, 98, 99]), nothing: null, missing: undefined, deep: expect.anything() });
    expect(Object.entries(value.deep)).toEqual([['__proto__', { admin: true }]]);
    expect(value.deep.admin).toBeUndefined();
  });

  test('the caller keeps what was given', () => {
    const input = { data: Buffer.from('abc') };
    const { data } = input;
    pack(input, 'input');
    expect(input.data).toBe(data);
  });

  test.each<[string, Uint8Array, Uint8Array]>([
    ['from the pool, and not from it', Buffer.from('abc'), Buffer.alloc(3, 'abc')],
    ['a Buffer, and a Uint8Array', Buffer.from('abc'), new Uint8Array([97, 98, 99])],
    ['of a class of its own', new (class extends Uint8Array {})([97, 98, 99]), Buffer.from('abc')],
  ])('equal ones are one input for an idempotency key: %s', async (_what, one, other) => {
    const queue = makeQueue();
    for (const wrap of [(data: unknown) => data, (data: unknown) => ({ list: [{ data }], map: new Map([['k', data]]) })]) {
      const idempotencyKey = String(wrap);
      const first = await queue.add(echo, wrap(one), { idempotencyKey });
      const second = await queue.add(echo, wrap(other), { idempotencyKey });
      expect(second.deduplicated).toBe(true);
      expect(second.id).toBe(first.id);
    }
  });

  test('every kind of view arrives as what it is', async () => {
    const shared = new SharedArrayBuffer(16);
    const views = {
      big: new BigInt64Array([1n, 2n]).subarray(1),
      data: new DataView(new ArrayBuffer(8), 2, 4),
      shared: new Int32Array(shared, 4, 2),
      sharedBuffer: Buffer.from(shared, 4, 2),
      clamped: new Uint8ClampedArray([300]),
      none: new Float32Array(0),
    };
    views.data.setInt16(0, 77);
    const output = await makeQueue().run(echo, views);
    expect(output.big).toEqual(new BigInt64Array([2n]));
    expect(output.data).toBeInstanceOf(DataView);
    expect([output.data.byteLength, output.data.buffer.byteLength, output.data.getInt16(0)]).toEqual([4, 4, 77]);
    views.shared[0] = 9;
    expect([output.shared[0], output.shared.length, output.sharedBuffer[0], output.sharedBuffer.length]).toEqual([9, 2, 9, 2]);
    expect(output.clamped).toEqual(new Uint8ClampedArray([255]));
    expect(output.none).toEqual(new Float32Array(0));
  });

  test('views in an instance of a class leave their pool behind too, and what is one stays one', () => {
    const data = Buffer.from('abc');
    class Box {
      first = data;
      second = data;
    }
    const { value } = pack(new Box(), 'input') as { value: Box };
    expect(value.first.buffer.byteLength).toBe(3);
    expect(value.second).toBe(value.first);
  });

  test('a value without loose views is not copied', () => {
    const input = { a: [new Uint8Array(3)] };
    expect(pack(input, 'input').value).toBe(input);
  });

  test('a transferred buffer is moved', async () => {
    const buffer = new ArrayBuffer(16);
    const queue = makeQueue();
    expect((await queue.run(echo, buffer, { maxAttempts: 1, transfer: [buffer] })).byteLength).toBe(16);
    expect(buffer.byteLength).toBe(0);
  });
});

test('an error counts with its message and its stack', () => {
  const error = new RangeError('of some length');
  expect(pack(error, 'input').bytes).toBeGreaterThanOrEqual(error.message.length + (error.stack as string).length);
});

test('a key and a member that cannot be cloned are named as what they are', () => {
  expect(thrownBy(() => pack({ map: new Map([[() => {}, 1]]) }, 'input')).message).toContain('input.map (a key) is a function');
  expect(thrownBy(() => pack([new Set([() => {}])], 'input')).message).toContain('input[0] (a member) is a function');
});

describe('what is inside', () => {
  test('may be a circle below the root', async () => {
    const inner: { name: string; self?: unknown } = { name: 'inner' };
    inner.self = inner;
    const { inner: output } = await makeQueue().run(echo, { inner });
    expect(output.self).toBe(output);
  });

  test('is counted once, however often it is referred to', async () => {
    const shared = { text: 'x'.repeat(600) };
    const queue = makeQueue({ maxInputBytes: 1_000 });
    expect(await queue.run(echo, { list: [shared, shared, shared] })).toEqual({ list: [shared, shared, shared] });
  });

  test('is counted as far as it is sent: a small view of a large buffer is small', async () => {
    const view = new Uint8Array(new ArrayBuffer(50_000), 100, 10);
    const output = await makeQueue({ maxInputBytes: 1_000 }).run(echo, { view });
    expect([output.view.byteLength, output.view.buffer.byteLength]).toEqual([10, 10]);
  });

  test('leaves its pool behind in a Map, in a Set and in a list alike', async () => {
    const small = () => Buffer.from('ab');
    const { map, set, list } = await makeQueue().run(echo, { map: new Map([['k', small()]]), set: new Set([small()]), list: [small()] });
    expect([map.get('k'), ...set, ...list].map(({ buffer }) => buffer.byteLength)).toEqual([2, 2, 2]);
  });
});

describe('maxInputBytes', () => {
  test('a larger input is refused with the ways out', async () => {
    const queue = makeQueue({ maxInputBytes: 1_000 });
    const error = await caught(queue.add(echo, 'x'.repeat(1_001)));
    expect(error).toBeInstanceOf(InputTooLargeError);
    expect(error).toMatchObject({ code: 'ERR_INPUT_TOO_LARGE', jobName: 'echo' });
    expect(error.message).toMatch(/1001.*maxInputBytes \(1000\).*reference.*SharedArrayBuffer.*raise/);
    expect(await queue.run(echo, 'x'.repeat(1_000))).toHaveLength(1_000);
  });

  test.each<[string, unknown]>([
    ['buffers', { a: new ArrayBuffer(2_000) }],
    ['views', [new Uint8Array(2_000)]],
    ['many small parts', Array.from({ length: 500 }, (_, index) => index)],
    ['keys', { ['k'.repeat(2_000)]: 1 }],
    ['texts in a Map', new Map([['k', 'v'.repeat(2_000)]])],
  ])('%s are counted', async (_what, input) => {
    expect(await caught(makeQueue({ maxInputBytes: 1_000 }).add(echo, input))).toBeInstanceOf(InputTooLargeError);
  });

  test('metadata counts with the input', async () => {
    const queue = makeQueue({ maxInputBytes: 1_000 });
    const metadata = { note: 'm'.repeat(600) };
    expect(await queue.run(echo, 'x'.repeat(300), { metadata })).toHaveLength(300);
    const error = await caught(queue.add(echo, 'x'.repeat(500), { metadata }));
    expect(error).toBeInstanceOf(InputTooLargeError);
    expect(error.message).toMatch(/^the input and the metadata of job "echo" take about 1120 bytes/);
    expect(await caught(queue.addBulk(echo, [1, 'x'.repeat(500)], { metadata }))).toBeInstanceOf(InputTooLargeError);
    expect(await caught(queue.add(echo, 1, { metadata: new Uint8Array(2_000) }))).toBeInstanceOf(InputTooLargeError);
    expect(queue.stats().totals.added).toBe(1);
  });

  test('SharedArrayBuffers are not counted', async () => {
    const input = { memory: new SharedArrayBuffer(1 << 20), view: new Uint8Array(new SharedArrayBuffer(1 << 20)) };
    const output = await makeQueue({ maxInputBytes: 1_000 }).run(echo, input);
    expect(output.memory.byteLength).toBe(1 << 20);
  });
});

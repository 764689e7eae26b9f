import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { changedByJson, store, unstore } from '../../dist/bullmq/json.js';

const circle: { self?: unknown } = {};
circle.self = { again: circle };

describe('what JSON would change is named by its path', () => {
  it.each([
    [new Date(0), 'input is a Date'],
    [{ at: [{ when: new Date(0) }] }, 'input.at[0].when is a Date'],
    [{ a: new Map() }, 'input.a is a Map'],
    [{ a: new Set() }, 'input.a is a Set'],
    [{ a: 1n }, 'input.a is a bigint'],
    [{ a: undefined }, 'input.a is undefined'],
    [[1, undefined], 'input[1] is undefined'],
    [{ a: new Uint8Array(1) }, 'input.a is a Uint8Array'],
    [{ a: Buffer.from('x') }, 'input.a is a Buffer'],
    [{ a: new ArrayBuffer(1) }, 'input.a is a ArrayBuffer'],
    [{ a: Number.NaN }, 'input.a is NaN'],
    [{ a: Number.NEGATIVE_INFINITY }, 'input.a is -Infinity'],
    [{ a: -0 }, 'input.a is -0'],
    [{ a: /x/ }, 'input.a is a RegExp'],
    [{ a: new RangeError('x') }, 'input.a is a RangeError'],
    [{ a: Object(1) }, 'input.a is a Number'],
    [{ a: { toJSON: () => 1 } }, 'input.a is a Object with a toJSON'],
    [circle, 'input.self.again is a circle: it holds itself'],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what this is about
    [{ a: [1, , 2] }, 'input.a is an array with holes, or with more than its items'],
    [{ a: Object.assign([1], { more: 1 }) }, 'input.a is an array with holes, or with more than its items'],
  ])('%o', (value, expected) => {
    expect(changedByJson(value, 'input')).toBe(expected);
  });

  it('and what it leaves is not', () => {
    const twice = { x: 1 };
    for (const value of [
      null,
      true,
      '',
      '\ud800',
      0,
      1.5,
      [],
      [[]],
      {},
      { a: { b: [null, { c: 'x' }] } },
      [twice, twice],
      Object.create(null),
    ]) {
      expect(changedByJson(value, 'input')).toBe(undefined);
    }
  });
});

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
});

test('what is not named comes back from JSON as it was', () => {
  fc.assert(
    fc.property(anything, (value) => {
      if (changedByJson(value, 'input') !== undefined) return;
      // A prototype is lost on the way to a thread, too.
      expect(JSON.parse(JSON.stringify(value))).toEqual(structuredClone(value));
    }),
  );
});

test('what is stored comes back as it was, whatever it is', () => {
  fc.assert(
    fc.property(anything, (value) => {
      expect(unstore(JSON.parse(JSON.stringify(store(value))))).toEqual(structuredClone(value));
    }),
  );
});

test('nothing, null and values that look like ours are kept apart', () => {
  for (const value of [undefined, null, { v8: 'x' }, { json: 1 }, { codec: 1 }]) {
    expect(unstore(JSON.parse(JSON.stringify(store(value))))).toEqual(value);
  }
});

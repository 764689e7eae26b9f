import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { isRows, packed, unpacked } from '../../../dist/threads/wire/columns.js';

const sent = (values: unknown[]) => {
  const rows = structuredClone(packed(values));
  expect(isRows(rows)).toBe(true);
  return unpacked(rows);
};
const isPacked = (values: unknown[]) => !Array.isArray(packed(values));

const keys = fc.constantFrom('a', 'b', '1', '0', '__proto__', 'constructor', 'toString');
const leaf = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constantFrom(null, undefined), fc.bigInt());
/** Mostly objects of one shape, with some others among them. */
const values = fc
  .tuple(
    fc.uniqueArray(keys, { maxLength: 4 }),
    fc.array(fc.tuple(fc.array(leaf, { minLength: 4, maxLength: 4 }), fc.option(fc.anything(), { freq: 12 }))),
  )
  .map(([shape, rows]) => rows.map(([leaves, other]) => other ?? Object.fromEntries(shape.map((key, at) => [key, leaves[at]]))))
  .filter((all) => {
    try {
      structuredClone(all);
      return true;
    } catch {
      return false;
    }
  });

test('values arrive as they do without columns, their keys in order', () => {
  fc.assert(
    fc.property(values, (all) => {
      const expected = structuredClone(all);
      expect(sent(all)).toStrictEqual(expected);
      const keysOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.keys(value) : []);
      expect(sent(all).map(keysOf)).toEqual(expected.map(keysOf));
    }),
    { numRuns: 300 },
  );
});

test('objects of one shape go in columns', () => {
  expect(isPacked([1, 2, 3, 4].map((n) => ({ n, text: `${n}` })))).toBe(true);
});

describe('do not:', () => {
  const four = (make: (at: number) => unknown) => [0, 1, 2, 3].map(make);
  test.each([
    ['few', [{ n: 1 }, { n: 2 }]],
    ['others', four((n) => [n])],
    ['empty ones', four(() => ({}))],
    ['other keys', four((at) => ({ [`n${at === 3 ? 'x' : ''}`]: at }))],
    ['another order', four((at) => (at === 3 ? { b: 1, a: 1 } : { a: 1, b: 1 }))],
    ['more keys', four((at) => (at === 3 ? { a: 1, b: 1 } : { a: 1 }))],
    ['fewer', four((at) => (at === 3 ? { a: 1 } : { a: 1, b: 1 }))],
    ['objects in them, which others may have too', four(() => ({ a: [] }))],
    [
      'instances',
      four(
        () =>
          new (class {
            n = 1;
          })(),
      ),
    ],
    ['many keys', four(() => Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, at])))],
  ])('%s', (_, all) => {
    expect(isPacked(all)).toBe(false);
  });
});

describe('where the prototype of all objects was changed', () => {
  afterEach(() => {
    delete (Object.prototype as { n?: number }).n;
  });

  test('a setter gets nothing', () => {
    const rows = packed([1, 2, 3, 4].map((n) => ({ n })));
    const got: unknown[] = [];
    Object.defineProperty(Object.prototype, 'n', { set: (value) => got.push(value), configurable: true });
    const objects = unpacked(rows);
    delete (Object.prototype as { n?: number }).n;
    expect(objects).toStrictEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
    expect(got).toEqual([]);
  });

  test('what stands there is no part of the values', () => {
    Object.defineProperty(Object.prototype, 'n', { value: 9, enumerable: true, configurable: true });
    const inColumns = isPacked([{ a: 1 }, { a: 1 }, { a: 1 }, { a: 1 }]);
    delete (Object.prototype as { n?: number }).n;
    expect(inColumns).toBe(false);
  });
});

test('what is neither rows nor columns is told', () => {
  for (const wrong of [undefined, null, 1, {}, { keys: [], columns: [] }, { keys: ['a'], columns: [] }, { keys: [1], columns: [[]] }]) {
    expect(isRows(wrong)).toBe(false);
  }
  expect(isRows({ keys: ['a', 'b'], columns: [[1], []] })).toBe(false);
  expect(isRows({ keys: ['a'], columns: [{ length: 1 }] })).toBe(false);
  expect(isRows({ keys: ['a', 'b'], columns: [[1], [2]] })).toBe(true);
});

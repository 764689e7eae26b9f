import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFlat, writeFlat } from '../../../dist/threads/wire/flat-object.js';

const SIZE = 512;

function memory() {
  const bytes = Buffer.from(new SharedArrayBuffer(SIZE));
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** A copy, as the queue makes one of what lies in shared memory. */
const copyOf = (bytes: Buffer, from: number, to: number) => Buffer.from(bytes.subarray(from, to));

const constants = fc.constantFrom(undefined, null, true, false);
const texts = fc.string({ maxLength: 70, unit: 'binary' });
const flat = fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__'), fc.nat().map(String)), fc.oneof(fc.double(), constants, texts));

test('what is written is read again, or refused', () => {
  fc.assert(
    fc.property(flat, fc.nat(SIZE), (object, at) => {
      const own = memory();
      const end = writeFlat(object, own, at);
      fc.pre(end >= 0);
      expect(end).toBeLessThanOrEqual(SIZE);
      expect(readFlat(copyOf(own.bytes, at, end))).toStrictEqual(structuredClone(object));
    }),
  );
});

test('takes small objects of numbers, constants and short texts', () => {
  const object = { n: -0, nan: Number.NaN, text: 'yes', empty: '', nothing: undefined, none: null, no: false };
  const own = memory();
  const end = writeFlat(object, own, 7);
  expect(readFlat(copyOf(own.bytes, 7, end))).toStrictEqual(object);
  expect(writeFlat({}, own, 7)).toBe(7);
  expect(readFlat(copyOf(own.bytes, 7, 7))).toStrictEqual({});
});

describe('refuses', () => {
  test.each([
    ['what is no plain object', [1]],
    [
      'an instance',
      new (class {
        n = 1;
      })(),
    ],
    ['one without a prototype', Object.assign(Object.create(null), { n: 1 })],
    ['objects in it', { a: {} }],
    ['other values', { a: 1n }],
    ['text that is not ASCII', { a: 'é' }],
    ['keys that are not', { é: 1 }],
    ['long texts', { a: 'x'.repeat(65) }],
    ['null', null],
    ['a number', 1],
  ])('%s', (_, value) => {
    expect(writeFlat(value, memory(), 0)).toBe(-1);
  });

  test('what does not fit, and writes nothing behind the end', () => {
    for (const object of [{ number: 1 }, { text: 'abcdefghij' }, { constant: true }]) {
      for (let at = SIZE - 40; at <= SIZE; at++) {
        const end = writeFlat(object, memory(), at);
        expect(end === -1 || end <= SIZE).toBe(true);
      }
      expect(writeFlat(object, memory(), SIZE - 4)).toBe(-1);
    }
  });

  test('bytes that nobody wrote', () => {
    expect(() => readFlat(Buffer.from([1, 97, 9]))).toThrow(RangeError);
    expect(() => readFlat(Buffer.from([1, 97, 0, 1, 2]))).toThrow(RangeError);
  });
});

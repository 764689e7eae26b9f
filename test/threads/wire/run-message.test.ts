import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Work } from '../../../dist/threads/runner.js';
import { unpacked } from '../../../dist/threads/wire/columns.js';
import { keyAt, kindAt, runMessage } from '../../../dist/threads/wire/run-message.js';

const kinds = [0, 1].map((index) => ({ index, definition: { name: `kind ${index}`, module: 'file:///a.js', maxAttempts: 1 } }));
const work = (key: number | string, kind: number) =>
  ({ key, kind: kinds[kind], input: `of ${key}`, attempt: 1, maxAttempts: 1 }) as unknown as Work;

/** Mostly jobs of one kind that count on, as they are added. */
const runs = fc
  .array(fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 5 }), fc.nat(1), fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((parts) =>
    parts.flatMap(([first, count, kind, restored]) =>
      Array.from({ length: count }, (_, at) => work(restored ? `old-${first + at}` : first + at, kind)),
    ),
  );

test('a batch tells of every job its key, its kind and its input', () => {
  fc.assert(
    fc.property(runs, (works) => {
      const message = structuredClone(runMessage(3, works, [true, true]));
      const inputs = unpacked(message.inputs);
      const told = works.map((_, at) => [keyAt(message, at), kindAt(message, at), inputs[at]]);
      expect(told).toEqual(works.map(({ key, kind, input }) => [key, kind.index, input]));
    }),
  );
});

test('jobs that were added one after the other cost one number for all keys and one for all kinds', () => {
  expect(runMessage(0, [work(7, 1), work(8, 1), work(9, 1)], [])).toMatchObject({ keys: 7, kind: 1 });
});

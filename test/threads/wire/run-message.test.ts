import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Work } from '../../../dist/threads/runner.js';
import { unpacked } from '../../../dist/threads/wire/columns.js';
import { compactResults, compactRun, expandedResults, expandedRun } from '../../../dist/threads/wire/compact.js';
import { keyAt, kindAt, maxAttemptsAt, runMessage } from '../../../dist/threads/wire/run-message.js';

const kinds = [0, 1].map((index) => ({ index, definition: { name: `kind ${index}`, module: 'file:///a.js', maxAttempts: 1 } }));
const work = (key: number | string, kind: number, maxAttempts = 1, metadata?: number) =>
  ({ key, kind: kinds[kind], input: `of ${key}`, attempt: 1, maxAttempts, metadata }) as unknown as Work;

/** Mostly jobs of one kind that count on, as they are added. */
const runs = fc
  .array(fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 5 }), fc.nat(1), fc.boolean(), fc.nat(2), fc.option(fc.nat())), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) =>
    parts.flatMap(([first, count, kind, restored, maxAttempts, metadata]) =>
      Array.from({ length: count }, (_, at) =>
        work(restored ? `old-${first + at}` : first + at, kind, maxAttempts || 1, metadata ?? undefined),
      ),
    ),
  );

test('a batch tells of every job its key, its kind, its input and what else it has', () => {
  fc.assert(
    fc.property(runs, fc.boolean(), (works, known) => {
      const message = expandedRun(structuredClone(compactRun(runMessage(3, works, [known, known])))) as ReturnType<typeof runMessage>;
      const inputs = unpacked(message.inputs);
      const told = works.map((_, at) => [
        keyAt(message, at),
        kindAt(message, at),
        inputs[at],
        maxAttemptsAt(message, at) ?? 1,
        message.extras?.[at]?.metadata,
      ]);
      expect(told).toEqual(works.map(({ key, kind, input, maxAttempts, metadata }) => [key, kind.index, input, maxAttempts, metadata]));
      expect(message).toMatchObject({ type: 'run', first: 3, carriers: undefined });
      expect(message.kinds?.length ?? 0).toBe(known ? 0 : new Set(works.map(({ kind }) => kind)).size);
    }),
  );
});

test('jobs that were added one after the other cost one number for all keys and one for all kinds', () => {
  expect(runMessage(0, [work(7, 1), work(8, 1), work(9, 1)], [])).toMatchObject({ keys: 7, kind: 1 });
});

test('jobs of one number of attempts cost one number', () => {
  expect(runMessage(0, [work(7, 1, 3), work(8, 1, 3)], [])).toMatchObject({ maxAttempts: 3 });
  expect(runMessage(0, [work(7, 1), work(8, 1)], [])).toMatchObject({ maxAttempts: undefined });
  expect(runMessage(0, [work(7, 1), work(8, 1, 3)], [])).toMatchObject({ maxAttempts: [undefined, 3] });
});

test('results are what they were, however few things are sent of them', () => {
  const results = fc.record({
    first: fc.nat(),
    values: fc.array(fc.jsonValue()),
    results: fc.option(fc.array(fc.nat(2)), { nil: undefined }),
    last: fc.boolean(),
  });
  fc.assert(
    fc.property(results, (given) => {
      const message = { type: 'results' as const, ...given };
      expect(expandedResults(structuredClone(compactResults(message)))).toEqual(message);
    }),
  );
  expect(compactResults({ type: 'results', first: 3, values: [1], results: undefined, last: true })).toEqual([3, [1]]);
});

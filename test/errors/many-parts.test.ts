import { describe, expect, test } from 'vitest';
import { decodeThrown, encodeThrown } from '../../dist/threads/wire/error-codec.js';

function crossed(thrown: unknown): any {
  return decodeThrown(structuredClone(encodeThrown(thrown)));
}

function countOf(error: any): number {
  if (!(error instanceof Error)) return 0;
  const { cause, errors = [] } = error as { cause?: unknown; errors?: unknown[] };
  return errors.reduce<number>((sum, one) => sum + countOf(one), 1 + countOf(cause));
}

describe('an error of many', () => {
  test('whose parts share parts does not multiply', () => {
    let error: Error = new Error('shared');
    for (let level = 0; level < 14; level++) error = new AggregateError([error, error, error], `level ${level}`, { cause: error });
    const count = countOf(crossed(error));
    expect(count).toBeGreaterThan(500);
    expect(count).toBeLessThanOrEqual(1_000);
  });

  test('has the first thousand, and says that there were more', () => {
    const { errors } = crossed(new AggregateError(Array.from({ length: 5_000 }, (_, index) => new Error(`number ${index}`))));
    expect(errors[0].message).toBe('number 0');
    expect(errors.length).toBeLessThanOrEqual(1_000);
    expect(errors.at(-1)).toBe('[more errors]');
  });

  test('getters that throw lose only themselves', () => {
    const error = Object.defineProperties(new RangeError('fine'), {
      cause: {
        get: () => {
          throw null;
        },
        enumerable: true,
      },
      errors: {
        get: () => {
          throw null;
        },
        enumerable: true,
      },
    });
    expect(crossed(error)).toMatchObject({ name: 'RangeError', message: 'fine', cause: undefined });
  });
});

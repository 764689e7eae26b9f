import { describe, expect, test } from 'vitest';
import { isFromThread, isHandlerMessage } from '../../dist/threads/wire/from-thread.js';

/** What structured clone makes of an array that claims to be long. */
const long = (length: number) => structuredClone(Object.assign([] as unknown[], { length }));
const results = (values: unknown) => ({ type: 'results', first: 0, values, results: undefined, last: true });

describe('results of a thread', () => {
  test('are values, or columns of them, of as many jobs as a batch may have', () => {
    expect(isFromThread(results([1, 2]))).toBe(true);
    expect(isFromThread(results(long(4_096)))).toBe(true);
    expect(
      isFromThread(
        results({
          keys: ['a', 'b'],
          columns: [
            [1, 2],
            [3, 4],
          ],
        }),
      ),
    ).toBe(true);
  });

  test.each([
    ['more than that', long(4_097)],
    ['an array that claims to be long', long(2 ** 32 - 1)],
    ['columns that claim to be long', { keys: ['a'], columns: [long(2 ** 32 - 1)] }],
    ['columns of different lengths', { keys: ['a', 'b'], columns: [[1], [1, 2]] }],
    ['a column that is none', { keys: ['a'], columns: [7] }],
    ['keys that are none', { keys: [1], columns: [[1]] }],
    ['nothing', undefined],
  ])('are not %s', (_what, values) => {
    expect(isFromThread(results(values))).toBe(false);
  });
});

test.each([
  [null],
  ['results'],
  [{ type: 'toString' }],
  [{ type: '__proto__' }],
  [{ type: 'results', first: -1, values: [], last: true }],
  [{ type: 'open', failures: [{}] }],
  [{ type: 'mailbox', of: 'progress', memory: new ArrayBuffer(8) }],
  [{ type: 'late-error', jobId: 7, jobName: undefined }],
])('%j is no message of a thread', (message) => {
  expect(isFromThread(message)).toBe(false);
});

test.each([
  [{ type: 'progress', position: Number.NaN }],
  [{ type: 'log', position: 0, level: 'constructor', args: [] }],
  [{ type: 'log', position: 0, level: 'info', args: {} }],
])('%j is nothing that a handler has said', (message) => {
  expect(isHandlerMessage(message)).toBe(false);
});

import { NotCloneableError } from 'threadmill';
import { afterEach, describe, expect, test } from 'vitest';
import { MAX_DEPTH, pack } from '../../dist/job/payload.js';
import { depthOf, goesDeep } from '../fixtures/deep.job.js';
import { caught, makeQueue, thrownBy } from '../helpers.js';

const uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));
afterEach(() => expect(uncaught).toEqual([]));

const KINDS = {
  object: (inner: unknown) => ({ a: inner }),
  sparse: (inner: unknown) => Object.assign([], { 5: inner }),
  error: (inner: unknown) => new Error('deep', { cause: inner }),
};
type Kind = keyof typeof KINDS;

function nested(depth: number, kind: Kind = 'object'): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = KINDS[kind](value);
  return value;
}

describe('the deepest value that is allowed goes every way, on each Node.js', () => {
  test.each(Object.keys(KINDS) as Kind[])('as an input, and as metadata: %s', async (kind) => {
    const queue = makeQueue();
    const deepest = nested(MAX_DEPTH, kind);
    expect(await queue.run(depthOf, deepest)).toBe(MAX_DEPTH);
    expect(await queue.run(depthOf, undefined, { metadata: deepest })).toBe(MAX_DEPTH);
  });

  test.each(['object', 'sparse'])('from a handler: %s', async (kind) => {
    const queue = makeQueue();
    const deepest = nested(MAX_DEPTH, kind as Kind);
    expect(await queue.run(goesDeep, { depth: MAX_DEPTH, kind, by: 'result' })).toEqual(deepest);
    const told = await queue.add(goesDeep, { depth: MAX_DEPTH, kind, by: 'progress' });
    expect(await told.result()).toBe('done');
    expect(told.progress).toEqual(deepest);
    expect((await caught(queue.run(goesDeep, { depth: MAX_DEPTH, kind, by: 'error' }))).value).toEqual(deepest);
  });

  test('to a thread with a stack of 1 MB', async () => {
    const queue = makeQueue({ worker: { resourceLimits: { stackSizeMb: 1 } } });
    expect(await queue.run(depthOf, nested(MAX_DEPTH, 'sparse'))).toBe(MAX_DEPTH);
  });
});

describe('a deeper one is refused with its path', () => {
  test.each([MAX_DEPTH + 1, 4_000, 9_000, 200_000])('an input of %d levels', async (depth) => {
    const queue = makeQueue();
    const error = await caught(queue.add(depthOf, nested(depth)));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.message).toMatch(/^input(\.a){10}…(\.a){10} is nested more than 1000 levels deep; flatten it/);
    expect(await caught(queue.add(depthOf, 1, { metadata: nested(depth) }))).toBeInstanceOf(NotCloneableError);
    expect(await queue.run(depthOf, nested(3))).toBe(3);
  });

  test('a result: its job fails, and its thread lives', async () => {
    const queue = makeQueue();
    const error = await caught(queue.run(goesDeep, { depth: 4_000, by: 'result' }));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.message).toMatch(/^result(\.a)+…/);
    expect(queue.stats().threads.killed).toBe(0);
  });

  test.each(['progress', 'checkpoint'])('%s throws in the handler', async (by) => {
    const queue = makeQueue();
    const error = await caught(queue.run(goesDeep, { depth: 3_000, by, times: 200 }));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.message).toMatch(new RegExp(`^${by}(\\.a)+…`));
    expect(await queue.run(goesDeep, { depth: 3_000, by: 'catch' })).toMatch(/^progress\.a.*nested more than 1000/);
  });

  test('a property of an error becomes a text that says why', async () => {
    expect((await caught(makeQueue().run(goesDeep, { depth: 3_000, by: 'error' }))).value).toMatch(/^\[error\.value\.a.*levels deep/);
  });

  test.each(['cause', 'throw'])('what is thrown as it is: %s', async (by) => {
    const error = await caught(makeQueue().run(goesDeep, { depth: 3_000, by }));
    expect(by === 'cause' ? error.cause : error).toMatch(/levels deep/);
  });

  test('an argument of the log is written as a text', async () => {
    const lines: unknown[][] = [];
    const info = (...args: unknown[]) => void lines.push(args);
    const queue = makeQueue({ logger: { trace() {}, debug() {}, info, warn() {}, error() {} } as never });
    expect(await queue.run(goesDeep, { depth: 3_000, by: 'log', times: 3 })).toBe('done');
    expect(lines.filter((line) => String(line[1]).startsWith('deep {'))).toHaveLength(3);
  });
});

test('a path says where in a Map, a Set and a list', () => {
  const deep = nested(MAX_DEPTH);
  for (const [value, start] of [
    [new Map([['k', deep]]), /^input\.get\(k\)\.a/],
    [new Map([[deep, 'k']]), /^input \(a key\)\.a/],
    [new Set([deep]), /^input \(a member\)\.a/],
    [[1, deep], /^input\[1\]\.a/],
    [{ cause: new Error('outer', { cause: deep }) }, /^input\.cause\.cause\.a/],
  ] as const) {
    expect(thrownBy(() => pack(value, 'input')).message).toMatch(start);
  }
});

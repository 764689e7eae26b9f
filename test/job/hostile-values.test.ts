import fc from 'fast-check';
import { InputTooLargeError, NotCloneableError } from 'threadmill';
import { afterEach, describe, expect, test } from 'vitest';
import { pack } from '../../dist/job/payload.js';
import { notSent } from '../../dist/threads/attempt-errors.js';
import { echo } from '../fixtures/answers.job.js';
import { caught, expectBalanced, makeQueue, thrownBy } from '../helpers.js';

const uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));
process.on('unhandledRejection', (error) => uncaught.push(error));
afterEach(() => expect(uncaught).toEqual([]));

/** What may be thrown where nobody expects it; `undefined` and `null` have no message to read. */
const THROWN = [
  null,
  undefined,
  'text',
  new RangeError('boom'),
  {
    get message() {
      throw null;
    },
  },
  new Proxy(
    {},
    {
      get() {
        throw null;
      },
    },
  ),
];
const throws = (what: unknown) => () => {
  throw what;
};
const getter = (get: () => unknown, object: object = {}, key: PropertyKey = 'bad') =>
  Object.defineProperty(object, key, { get, enumerable: true, configurable: true });
/** A getter that works so many times, and then throws. */
const tiring = (times: number, what: unknown) => getter(() => (times-- > 0 ? 1 : throws(what)()));
const endless = (): object => ({
  get more() {
    return endless();
  },
});

class LoudMap extends Map<unknown, unknown> {
  override *[Symbol.iterator](): MapIterator<never> {
    for (;;) yield ['k', () => {}] as never;
  }
}
class LoudSet extends Set<unknown> {
  override *[Symbol.iterator](): SetIterator<never> {
    for (;;) yield (() => {}) as never;
  }
  override forEach() {
    throw null;
  }
}
class LoudList extends Array<unknown> {
  override *[Symbol.iterator](): ArrayIterator<never> {
    for (;;) yield 1 as never;
  }
  override map(): never {
    throw null;
  }
}
class LoudBytes extends Uint8Array {
  static get [Symbol.species]() {
    throw null;
  }
}
class Blind extends Uint8Array {
  override get buffer(): never {
    throw undefined;
  }
}

function traps(what: unknown): ProxyHandler<object> {
  return new Proxy({}, { get: () => throws(what) });
}

const HOSTILE: [string, (what: unknown) => unknown][] = [
  ['a getter', (what) => getter(throws(what))],
  ['a getter in a list', (what) => getter(throws(what), [1, 2], 1)],
  ['a getter that tires', (what) => tiring(1, what)],
  ['a getter that tires later', (what) => tiring(2, what)],
  ['a getter without an end', () => endless()],
  ['a constructor', (what) => Object.create(getter(throws(what), { method() {} }, 'constructor'))],
  ['a constructor without a name', () => Object.create({ constructor: { name: Symbol('no') }, method() {} })],
  ['a tag', (what) => getter(throws(what), { a: 1 }, Symbol.toStringTag)],
  ['a false tag', () => ({ [Symbol.toStringTag]: 'Map', a: [() => {}] })],
  ['a Proxy', (what) => new Proxy({}, traps(what))],
  ['a Proxy for a prototype', (what) => Object.create(new Proxy({}, traps(what)))],
  [
    'a revoked Proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
  ['a Map that lies', () => new LoudMap([['a', { b: 1 }]])],
  ['a Set that lies', () => new LoudSet([{ b: Buffer.from('pooled') }])],
  ['a list that lies', () => Object.assign(new LoudList(), { 0: Buffer.from('pooled') })],
  ['no Map at all', () => Object.create(Map.prototype)],
  ['a key without a text', (what) => new Map([[{ toString: throws(what) }, () => {}]])],
  ['bytes that lie', () => new LoudBytes(new ArrayBuffer(8), 0, 4)],
  ['bytes without a buffer', () => Object.setPrototypeOf(new Uint8Array(2), Blind.prototype)],
  ['bytes without a class', () => Object.setPrototypeOf(Buffer.from('pooled'), null)],
  ['an error that lies', (what) => getter(throws(what), getter(throws(what), new Error('e'), 'message'), 'cause')],
  ['an error without a stack', (what) => getter(throws(what), new Error('e'), 'stack')],
  // biome-ignore lint/suspicious/noThenProperty: that is the point
  ['a thenable', (what) => ({ then: throws(what) })],
  ['a generator', () => (function* () {})()],
  ['an array iterator', () => [1].values()],
  ['a symbol', () => Symbol('s')],
  ['a function', () => () => {}],
  ['a WeakMap', () => new WeakMap()],
  ['a text object', (what) => Object.assign(Object('text'), { valueOf: throws(what) })],
  ['a date without a value', (what) => Object.assign(new Date(0), { getTime: throws(what), valueOf: throws(what) })],
  ['a list that claims all', () => Object.assign([], { length: 2 ** 32 - 1 })],
  ['a property of prototypes', () => JSON.parse('{ "__proto__": { "a": [1] }, "constructor": 1 }')],
  ['a plain value', () => ({ a: [1, 'two', new Uint8Array(3)] })],
];

const hostile = fc
  .tuple(
    fc.constantFrom(...HOSTILE),
    fc.constantFrom(...THROWN),
    fc.array(fc.constantFrom('list', 'object', 'map', 'key', 'set', 'class', 'error')),
  )
  .map(([[name, make], what, wraps]) => ({ name, wraps, make: () => wraps.reduce<unknown>(wrapped, make(what)) }));

function wrapped(inner: unknown, kind: string): unknown {
  if (kind === 'list') return [1, inner, 2];
  if (kind === 'object') return { a: inner, b: 'after' };
  if (kind === 'map') return new Map([['k', inner]]);
  if (kind === 'key') return new Map([[inner, 'v']]);
  if (kind === 'set') return new Set([inner]);
  if (kind === 'error') return new Error('outer', { cause: inner });
  return new (class Box {
    inner = inner;
  })();
}

describe('whatever a value does when it is read', () => {
  test('it is packed, or refused with NotCloneableError', () => {
    fc.assert(
      fc.property(hostile, ({ make }) => {
        try {
          pack(make(), 'input', 100_000);
        } catch (error) {
          if (error instanceof NotCloneableError && error.message.startsWith('input')) return;
          throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('its add ends with an error, or its job ends, and the queue works on', async () => {
    const queue = makeQueue({ maxInputBytes: 100_000 });
    await fc.assert(
      fc.asyncProperty(hostile, fc.boolean(), async ({ make }, asMetadata) => {
        const options = { maxAttempts: 1, ...(asMetadata && { metadata: make() }) };
        const added = await queue.add(echo, asMetadata ? 1 : make(), options).catch((error: unknown) => error);
        if (!(added instanceof NotCloneableError || added instanceof InputTooLargeError))
          await (added as { result(): Promise<unknown> }).result().catch(() => {});
        expect(await queue.run(echo, 'after')).toBe('after');
      }),
      { numRuns: 300 },
    );
    expectBalanced(queue);
    expect(queue.stats().threads.killed).toBe(0);
  });

  test.each(THROWN)('a getter that throws %# is named by its path', (what) => {
    expect(thrownBy(() => pack({ a: [getter(throws(what))] }, 'input')).message).toMatch(
      /^input\.a\[0\]\.bad is a value that cannot be read/,
    );
  });

  test.each(THROWN)('a getter that throws %# only when the job is sent fails its job, and no other', async (what) => {
    const queue = makeQueue();
    const input = [tiring(1, what)];
    const [before, bad, after] = await Promise.all([1, input, 2].map((one) => queue.add(echo, one)));
    expect(await caught((bad as NonNullable<typeof bad>).result())).toBeInstanceOf(NotCloneableError);
    expect(await before?.result()).toBe(1);
    expect(await after?.result()).toBe(2);
    expectBalanced(queue);
  });

  test.each(THROWN)('the error of a job that cannot be sent can be made of anything: %#', (what) => {
    const work = { id: '1', attempt: 1, timeout: 1, kind: { definition: { name: 'job' } } };
    expect(notSent(work as never, what).message).toMatch(/^the input of job cannot be sent to a thread/);
  });
});

describe('results too', () => {
  test.each([
    ['a generator', 'a generator object: collect what it yields, or use map'],
    ['an async generator', 'a generator object: collect what it yields, or use map'],
    ['an iterator', 'an iterator: collect what it gives, or use map'],
    ['a Map iterator', 'an iterator: collect what it gives, or use map'],
    ['a stream', 'an instance of ReadableStream'],
    ['a function', 'a function'],
    ['a class without a name', 'an instance of a class without a name, which would arrive as {}; send its text or its fields'],
    ['a Proxy', 'a Proxy'],
  ])('%s is called by its name', async (what, name) => {
    const { gives } = await import('../fixtures/hostile.job.js');
    expect((await caught(makeQueue().run(gives, what))).message).toBe(`result is ${name}: it cannot be sent to another thread`);
  });
});

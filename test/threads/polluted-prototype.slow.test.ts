import { afterEach, describe, expect, test } from 'vitest';
import { decodeThrown } from '../../dist/threads/wire/error-codec.js';
import { forges, innocent, leaves, pollutes } from '../fixtures/pollutes.job.js';
import { caught, expectBalanced, makeQueue } from '../helpers.js';

const uncaught: unknown[] = [];
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error));
afterEach(() => expect(uncaught).toEqual([]));

describe('a handler that changes Object.prototype harms its own thread at most', () => {
  test('by "error": it has returned, and those after it run', async () => {
    const queue = makeQueue();
    expect(await queue.run(pollutes, { name: 'error', value: 'polluted', how: 'return' })).toEqual({ how: 'return' });
    expect(await queue.run(innocent, 1)).toBe(1);
    expect(await caught(queue.run(pollutes, { name: 'cause', value: 'polluted', how: 'throw' }))).toMatchObject({
      name: 'RangeError',
      message: 'after the change',
    });
  });

  const NAMES = ['error', 'value', 'type', 'cause', 'errors', 'props', 'kinds', 'extras', 'results', '0', 'definition', 'get', 'then'];

  test.each(['return', 'throw'] as const)('by any name that our messages have, and then %s', async (how) => {
    const queue = makeQueue({ spareThreads: 1 });
    for (const name of NAMES) {
      const polluting = await queue.add(pollutes, { name, value: 'polluted', how });
      const later = await queue.addBulk(innocent, [1, 2], { maxAttempts: 2, backoff: { type: 'fixed', delay: 0 } });
      await Promise.allSettled([polluting, ...later].map((job) => job.result()));
      await caught(queue.run(leaves, {}));
      expect(await queue.run(innocent, name)).toBe(name);
    }
    expectBalanced(queue);
  });
});

const circle: Record<string, unknown> = { name: 'circle', message: 'm' };
circle.cause = { error: circle };
circle.errors = [{ error: circle }, { error: circle }];

const ENCODED: [string, unknown][] = [
  ['a text', 'polluted'],
  ['nothing', undefined],
  ['null', null],
  ['a function', () => {}],
  ['neither error nor value', {}],
  ['an inherited error', Object.create({ error: { message: 'inherited' } })],
  ['an error that is a text', { error: 'polluted' }],
  ['an error of wrong types', { error: { type: 1, name: {}, message: [1], stack: 2, props: 3, cause: 4, errors: 5 } }],
  ['an error of a class that is none', { error: { type: 'constructor', name: '__proto__', message: Symbol('m') } }],
  ['an error with strange properties', { error: { props: JSON.parse('{ "__proto__": 1, "message": 2, "constructor": 3 }') } }],
  ['an error that is its own cause', { error: circle }],
  [
    'an error whose fields throw',
    {
      error: new Proxy(
        {},
        {
          getOwnPropertyDescriptor: () => {
            throw null;
          },
        },
      ),
    },
  ],
];

describe('what a thread sends is looked at before it is believed', () => {
  test.each(ENCODED)('an error that is %s', (_what, encoded) => {
    expect(decodeThrown(encoded)).toBeInstanceOf(Error);
  });

  test('whatever it sends in the place of a result', async () => {
    const result = (changes: object) => ({ type: 'results', first: 0, values: [1], results: undefined, last: false, ...changes });
    const malformed = [
      ...['results', '', 7, null, undefined, [], new Map(), { type: 'constructor' }, { type: {} }, { type: 'results', first: 0 }],
      ...[{ first: 99 }, { first: 0.5 }, { first: -1 }, { results: 'x' }, { values: { length: 1 } }, { last: 1 }].map(result),
      ...[{ type: 'exit', jobId: 4, jobName: {} }, { type: 'open' }, { type: 'late-error', error: 'polluted', jobId: null }],
      ...[
        { type: 'log', position: 0, level: 'fatal', args: [] },
        { type: 'log', position: 0, level: 'info' },
      ],
    ];
    const unreadable = ENCODED.slice(0, 2).map(([, encoded]) => [result({ values: [encoded], results: [1], last: true })]);
    const forged = [[], malformed, ...unreadable];
    const queue = makeQueue({ spareThreads: 1, logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} } as never });
    for (const messages of forged) {
      const job = await queue.add(forges, messages);
      await caught(job.result());
      const later = await queue.add(innocent, 'later', { maxAttempts: 1 });
      await later.result().catch(() => {});
      // A thread that goes on forging ends with this; another took its place before.
      await queue.run(leaves, {}).catch(() => {});
      expect(await queue.run(innocent, 'still')).toBe('still');
    }
    expectBalanced(queue);
  });
});

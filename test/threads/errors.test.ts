import { NotCloneableError, UnrecoverableError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { returns, throws } from '../fixtures/errors.job.js';
import { caught, makeQueue } from '../helpers.js';

const thrownAs = (what: string) => caught(makeQueue().run(throws, what));

describe('what a handler throws is what the caller catches', () => {
  test.each<[string, new (...args: never[]) => Error, string, string]>([
    ['plain', Error, 'Error', 'plain'],
    ['type', TypeError, 'TypeError', 'a type'],
    ['syntax', SyntaxError, 'SyntaxError', 'a syntax'],
    ['subclass', RangeError, 'NarrowRange', 'too wide'],
    ['dom', DOMException, 'AbortError', 'stopped'],
  ])('%s keeps class, name, message and stack', async (what, type, name, message) => {
    const error = await thrownAs(what);
    expect(error).toBeInstanceOf(type);
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.message]).toEqual([name, message]);
    expect(error.stack).toContain('errors.job.js');
  });

  test('code and other own properties', async () => {
    expect(await thrownAs('coded')).toMatchObject({ code: 'E_CODED', status: 418, details: { list: [1, 2] } });
    expect(await thrownAs('subclass')).toMatchObject({ limit: 3 });
  });

  test('a subclass of UnrecoverableError is one', async () => {
    const error = await thrownAs('hopeless');
    expect(error).toBeInstanceOf(UnrecoverableError);
    expect(error).toMatchObject({ name: 'Hopeless', message: 'give up', code: 'ERR_UNRECOVERABLE' });
  });

  test('the chain of causes', async () => {
    const error = await thrownAs('caused');
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause.cause).toBeInstanceOf(RangeError);
    expect([error.message, error.cause.message, error.cause.cause.message]).toEqual(['outer', 'middle', 'inner']);
    expect(Object.keys(error)).not.toContain('cause');
  });

  test('the errors of an AggregateError', async () => {
    const error = await thrownAs('aggregate');
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toHaveLength(3);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toBe('two');
    expect(error.errors[2].cause).toBe(4);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['undefined', undefined],
    ['string', 'just text'],
    ['number', 42],
    ['object', { reason: 'an object' }],
  ])('%s is a failure too', async (what, value) => {
    const queue = makeQueue();
    const job = await queue.add(throws, what);
    expect(await caught(job.result())).toEqual(value);
    expect(job.state).toBe('failed');
    expect(queue.deadLetters.get(job.id)).toMatchObject({ reason: 'failed' });
    expect(queue.deadLetters.get(job.id)?.error).toEqual(value);
  });

  test.each([
    ['symbol', 'Symbol(sym)'],
    ['function', 'thrownFunction'],
  ])('a thrown %s is described', async (what, text) => {
    const error = await thrownAs(what);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toContain(text);
  });

  test('a getter that throws loses only itself', async () => {
    const error = await thrownAs('getter');
    expect(error.message).toBe('has a getter');
    expect(error.bad).toMatch(/getter threw/);
  });

  test('what cannot be cloned loses only itself', async () => {
    const error = await thrownAs('uncloneable');
    expect(error).toMatchObject({ message: 'carries a function', kept: 1 });
    expect(String(error.fn)).toContain('function');
  });

  test('circles end', async () => {
    const error = await thrownAs('circular');
    expect(error.message).toBe('circle');
    expect(String(error.cause)).toContain('circular');
    expect((await thrownAs('circular-prop')).message).toBe('circle prop');
  });

  test('proxies do no harm', async () => {
    const queue = makeQueue();
    expect((await caught(queue.run(throws, 'proxy'))).message).toBe('behind a proxy');
    const job = await queue.add(throws, 'nasty-proxy');
    await caught(job.result());
    expect(job.state).toBe('failed');
    expect(queue.stats().threads.killed).toBe(0);
  });

  test('an error without a stack, and the reason of an abort', async () => {
    expect((await thrownAs('no-stack')).message).toBe('no stack');
    expect(await thrownAs('abort')).toBe('why');
  });

  test('no throw of any kind costs the thread', async () => {
    const queue = makeQueue();
    const before = await queue.run(returns, 'fine');
    for (const what of ['plain', 'null', 'undefined', 'symbol', 'getter', 'circular', 'proxy', 'nasty-proxy', 'uncloneable']) {
      await caught(queue.run(throws, what));
    }
    expect(await queue.run(returns, 'fine')).toBe(before);
  });
});

describe('results', () => {
  test.each([
    ['function', 'result.list[1].onDone is a function'],
    ['symbol', 'result.kind is a symbol'],
    ['promise', 'result.later is a Promise'],
    ['proxy', 'result.wrapped is a Proxy'],
    ['weakmap', 'result.cache is an instance of WeakMap'],
    ['url', 'result.home is an instance of URL'],
    ['map', 'result.get(a).fn is a function'],
  ])('that cannot be cloned (%s) name the path, are not retried, and leave the thread alive', async (what, message) => {
    const queue = makeQueue();
    const before = await queue.run(returns, 'fine');
    const job = await queue.add(returns, what);
    const error = await caught(job.result());
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', jobId: job.id, jobName: 'returns', attempt: 1 });
    expect(error.message).toContain(message);
    expect(queue.stats().totals.retried).toBe(0);
    expect(await queue.run(returns, 'fine')).toBe(before);
  });

  test('a getter that throws fails the job with its error', async () => {
    const queue = makeQueue();
    const error = await caught(queue.run(returns, 'getter', { maxAttempts: 1 }));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.message).toMatch(/^result\.bad is a value that cannot be read/);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(await queue.run(returns, 'nothing')).toBeUndefined();
  });

  test('of every cloneable kind arrive', async () => {
    const queue = makeQueue();
    expect(await queue.run(returns, 'map-date-set')).toEqual({
      map: new Map([['k', new Set([1])]]),
      date: new Date(0),
      big: 10n,
      re: /x/g,
      nothing: undefined,
    });
    const circle = await queue.run(returns, 'circular');
    expect(circle.self).toBe(circle);
  });
});

import { CrashError, NotCloneableError, TimeoutError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { GLOBALS } from '../fixtures/culprit.job.js';
import { type Trial, trial } from './bench.js';

const rejects = (facts: object, kind: abstract new (...args: any[]) => Error = Error) => {
  return ({ error }: Trial) => {
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject(facts);
  };
};
const says = (message: RegExp) => ({ message: expect.stringMatching(message) });
/** Limits of a job that shall be over it, and of one that shall not, whatever the machine does beside. */
const SHORT = 250;
const LONG = 20_000;

const timesOut = rejects(
  { name: 'TimeoutError', code: 'ERR_TIMEOUT', jobName: 'culprit', attempt: 1, ...says(/culprit timed out after/) },
  TimeoutError,
);
const crashes = (reason: string, message: RegExp, exitCode = 1) => {
  return rejects({ name: 'CrashError', code: 'ERR_CRASH', jobName: 'culprit', reason, exitCode, ...says(message) }, CrashError);
};
const notCloneable = (message: RegExp) =>
  rejects({ name: 'NotCloneableError', code: 'ERR_NOT_CLONEABLE', ...says(message) }, NotCloneableError);
const throwsValue =
  (value: unknown) =>
  ({ error }: Trial) =>
    expect(error).toEqual(value);
const completes = (output: unknown) => (found: Trial) => expect([found.error, found.output]).toEqual([undefined, output]);
const lateError = (message: RegExp) => (found: Trial) => {
  completes(undefined)(found);
  expect(found.late).toEqual([expect.objectContaining({ jobId: expect.any(String), error: expect.objectContaining(says(message)) })]);
};

/** The queue hears of it after all jobs have ended. */
const LATE = { lateErrors: 1 };

const CASES: [does: string, holds: (found: Trial) => void, options?: Parameters<typeof trial>[1] & { input?: object }][] = [
  ['throw an Error', rejects({ message: 'boom', code: 'E_BOOM' })],
  ['throw a subclass', rejects({ name: 'PaymentError', message: 'no money', code: 'E_PAYMENT', details: { amount: 3 } })],
  ['throw null', throwsValue(null)],
  ['throw a string', throwsValue('just text')],
  ['throw a symbol', rejects(says(/threw Symbol\(sign\), which is not an Error/))],
  ['throw a function', rejects(says(/threw a function \(named\)/))],
  ['throw what has no text', throwsValue({ toString: 1, valueOf: 1 })],
  ['throw an error with a bad getter', rejects({ message: 'bad getter', extra: expect.stringContaining('getter threw') })],
  ['throw an error whose message is bad', rejects({ message: '' })],
  ['throw a circular cause', rejects({ message: 'its own cause', cause: '[circular]' })],
  ['throw a Proxy', throwsValue(expect.stringMatching(/error is a Proxy/))],
  ['throw a giant message', rejects(says(/^x{1000,}… \(50000000 characters\)$/)), { timeout: 20_000 }],
  ['reject with an object', throwsValue({ reason: 1 })],
  ['thenable that throws', rejects({ message: 'in then' })],

  ['never settle', timesOut],
  ['thenable that never calls', timesOut],
  ['loop', timesOut],
  ['regex', timesOut],
  ['recursion', rejects({ name: 'RangeError', ...says(/Maximum call stack/) }, RangeError)],
  ['wasm loop', timesOut],
  ['Atomics.wait', timesOut],
  ['microtask loop', timesOut],
  ['nextTick loop', timesOut],
  ['native pbkdf2', timesOut, { timeout: 50 }],
  [
    'native execSync',
    (found) => {
      timesOut(found);
      expect(found.zombies).toBe(1);
    },
    { timeout: SHORT, input: { seconds: 1.6 } },
  ],

  ['exit 0', crashes('exit', /process\.exit\(0\) was called/, 0)],
  ['exit 3', crashes('exit', /process\.exit\(3\) was called/, 3)],
  ['exit 4 in a timer', crashes('exit', /process\.exit\(4\) was called/, 4)],
  ['exit late', lateError(/culprit called process\.exit\(5\) after it had ended/), LATE],
  ['throw in a timer', crashes('uncaught', /in a timer/)],
  ['throw null in a timer', crashes('uncaught', /null/)],
  ['throw without text in a timer', crashes('uncaught', /left an error uncaught: an object without a text/)],
  ['float a rejection', crashes('uncaught', /floating/)],
  ['throw late', lateError(/late throw/), LATE],
  ['reject late', lateError(/late rejection/), LATE],
  ['remove listeners', crashes('uncaught', /nobody listens/)],
  ['loop late', completes(undefined)],
  ['microtask loop late', completes(undefined)],

  [
    'memory',
    crashes('out-of-memory', /ran out of memory/),
    { timeout: 20_000, worker: { resourceLimits: { maxOldGenerationSizeMb: 48 } } },
  ],
  ['abort', rejects({ code: 'ERR_WORKER_UNSUPPORTED_OPERATION' })],
  ['chdir', rejects({ code: 'ERR_WORKER_UNSUPPORTED_OPERATION' })],

  ['return a function', notCloneable(/result is a function/)],
  ['return a symbol', notCloneable(/result is a symbol/)],
  ['return a Proxy', notCloneable(/result is a Proxy/)],
  ['return a bad getter', notCloneable(/result\.x is a value that cannot be read: in getter/)],
  ['return a nested function', notCloneable(/result\.list\[0\]\.callback is a function/)],
  ['return an URL', notCloneable(/result is an instance of URL/)],
  ['return a promise inside', notCloneable(/result\.inner is a Promise/)],
  ['return a WeakMap', notCloneable(/result\.map is an instance of WeakMap/)],
  ['return a class instance', completes({ x: 1 })],
  [
    'return the context',
    completes({
      attempt: 1,
      maxAttempts: 1,
      ended: true,
      metadata: undefined,
      name: 'culprit',
      position: expect.any(Number),
      lastCheckpoint: undefined,
    }),
  ],
  [
    'return odd keys',
    (found) => {
      completes(JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2}'))(found);
      expect(Object.hasOwn(found.output as object, '__proto__')).toBe(true);
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    },
  ],
  ['return a small Buffer', (found) => expect((found.output as Uint8Array).buffer.byteLength).toBe(5)],
  ['progress with a function', notCloneable(/progress\.done is a function/)],
  ['close parentPort', completes('closed')],
  ['flood parentPort', completes('flooded'), { timeout: 20_000 }],
  ['odd messages to parentPort', completes('posted')],
];

describe('a job that does its worst harms no other', () => {
  test.each(CASES)('%s', async (does, holds, { input, ...options } = {}) => {
    const timeout = holds === timesOut ? SHORT : LONG;
    holds(await trial({ does, ...input }, { timeout, ...options }));
  });

  test('throw undefined', async () => {
    const { error, output, queue } = await trial({ does: 'throw undefined' }, { timeout: LONG });
    expect([error, output]).toEqual([undefined, undefined]);
    expect(queue.deadLetters.list()).toMatchObject([{ name: 'culprit', reason: 'failed', error: undefined }]);
  });
});

describe('a job that changes the globals of its thread loses no job', () => {
  // The jobs of one thread share its globals, so those behind may fail; none may hang, get lost or stop the queue.
  test.each(GLOBALS)('%s', async (global) => {
    await trial({ global }, { harms: true, timeout: LONG });
  });
});

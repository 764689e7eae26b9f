/**
 * The timers and clocks of Node.js, taken once, when the package is loaded. Fake timers (of node:test, sinon, jest,
 * vitest) and handlers replace the globals later: a limit, a backoff and `close` must go on in real time. So no other
 * file uses a global one, and a test holds that. From the modules and not from `globalThis`, which jest makes anew for
 * every test file; no module holds `Date` and `queueMicrotask`.
 */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import timers from 'node:timers';

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate } = timers;
export const { nextTick, hrtime } = process;
export const { queueMicrotask } = globalThis;
/** Milliseconds since this thread was started. */
export const now = performance.now.bind(performance);
export const { timeOrigin } = performance;
/** Milliseconds since 1970. */
export const dateNow = Date.now;

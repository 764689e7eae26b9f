/**
 * The timers and clocks of Node.js, taken once, when the package is loaded. Fake timers (of node:test, sinon, jest,
 * vitest) and handlers replace the globals later: a limit, a backoff and `close` must go on in real time. So no other
 * file uses a global one, and a test holds that. From the modules and not from `globalThis`, which jest makes anew for
 * every test file; no module holds `Date` and `queueMicrotask`, and an import of that of `process` would open its streams. Fakes that were
 * installed even before are looked through, where they say what they replaced, as those of sinon, vitest and jest do; those of node:test do not.
 */
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';

/** A member of an object, or what its fakes have replaced: they keep it on their clock (`@sinonjs/fake-timers`). */
function real<Owner extends object, Name extends keyof Owner & string>(owner: Owner, name: Name): Owner[Name] {
  const { clock } = owner[name] as { clock?: Record<string, Owner[Name]> };
  return clock?.[`_${name}`] ?? owner[name];
}

export const setTimeout = real(timers, 'setTimeout');
export const clearTimeout = real(timers, 'clearTimeout');
export const setInterval = real(timers, 'setInterval');
export const clearInterval = real(timers, 'clearInterval');
export const setImmediate = real(timers, 'setImmediate');
export const clearImmediate = real(timers, 'clearImmediate');
export const nextTick = real(process, 'nextTick');
export const hrtime = real(process, 'hrtime');
export const queueMicrotask = real(globalThis, 'queueMicrotask');
/** Milliseconds since this thread was started. From the class, where it is there (not on Bun): fakes replace the object's own. */
export const now: () => number = (Object.getPrototypeOf(performance).now ?? performance.now).bind(performance);
export const { timeOrigin } = performance;
/** Milliseconds since 1970. */
export const dateNow = real(globalThis, 'Date').now;

// Those of node:test, which keep what they replaced to themselves.
if (setTimeout.name.startsWith('bound ')) {
  process.emitWarning(
    'fake timers of node:test were enabled before threadmill was loaded: limits, delays, backoff and close() wait for their clock. Import threadmill before you enable them.',
    'ThreadmillWarning',
  );
}

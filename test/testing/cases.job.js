import { defineJob, RateLimitedError, UnrecoverableError } from 'threadmill/job';
import { z } from 'zod';

const common = { module: import.meta.url, input: z.any() };
const backoff = { type: 'fixed', delay: 5 };

export const echo = defineJob({ ...common, name: 'echo', run: (input) => input });
export const double = defineJob({
  ...common,
  name: 'double',
  input: z.object({ n: z.number(), note: z.string().default('none') }),
  run: async ({ n, note }) => ({ doubled: 2 * n, note }),
});
/** Gives what its `setup` was given. */
export const settings = defineJob({
  ...common,
  name: 'settings',
  setup: async ({ data }) => ({ data }),
  run: (_input, { resource }) => resource.data,
});
/** What arrives. */
export const kindOf = defineJob({
  ...common,
  name: 'kind-of',
  run: (input) => ({ type: input.constructor.name, isBuffer: Buffer.isBuffer(input), bytes: input.buffer?.byteLength ?? 0 }),
});
export const returns = defineJob({
  ...common,
  name: 'returns',
  input: z.enum(['function', 'buffer', 'instance', 'promise', 'map']),
  maxAttempts: 1,
  run: (what) => {
    class Point {
      x = 1;
      get y() {
        return 2;
      }
    }
    if (what === 'function') return { onDone: () => {} };
    if (what === 'buffer') return Buffer.from('abc');
    if (what === 'instance') return new Point();
    if (what === 'promise') return { later: Promise.resolve() };
    return new Map([['a', new Date(0)]]);
  },
});
export const checked = defineJob({
  ...common,
  name: 'checked',
  maxAttempts: 1,
  output: z.object({ n: z.number(), note: z.string().default('none') }),
  run: (input) => input,
});
class Refused extends RangeError {
  code = 'E_REFUSED';
  constructor() {
    super('refused', { cause: new TypeError('because') });
  }
}
export const throws = defineJob({
  ...common,
  name: 'throws',
  maxAttempts: 1,
  input: z.enum(['class', 'text', 'null', 'aggregate', 'function', 'async']),
  run: (what) => {
    if (what === 'class') throw new Refused();
    if (what === 'text') throw 'just a text';
    if (what === 'null') throw null;
    if (what === 'aggregate') throw new AggregateError([new Error('one'), 'two'], 'both');
    if (what === 'function') throw Object.assign(new Error('carries a function'), { fn: () => {}, kept: 1 });
    return Promise.reject(new Error('later'));
  },
});
/** Fails as often as it is told to. */
export const flaky = defineJob({
  ...common,
  name: 'flaky',
  backoff,
  run: ({ failures }, { attempt }) => {
    if (attempt <= failures) throw new Error(`failure ${attempt}`);
    return attempt;
  },
});
export const hopeless = defineJob({
  ...common,
  name: 'hopeless',
  backoff,
  run: () => {
    throw new UnrecoverableError('hopeless');
  },
});
export const never = defineJob({ ...common, name: 'never', maxAttempts: 1, timeout: 60, run: () => new Promise(() => {}) });
/** Stops when it is told to, and says so. */
export const polite = defineJob({
  ...common,
  name: 'polite',
  maxAttempts: 1,
  timeout: 60,
  gracePeriod: 10_000,
  run: (_input, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
});
/** Hears that it shall stop, and does not. */
export const stubborn = defineJob({
  ...common,
  name: 'stubborn',
  maxAttempts: 1,
  timeout: 60,
  gracePeriod: 10_000,
  run: () => new Promise(() => {}),
});
/** Goes on from its last checkpoint. */
export const steps = defineJob({
  ...common,
  name: 'steps',
  backoff,
  run: (_input, context) => {
    const from = context.lastCheckpoint?.done ?? 0;
    context.progress({ from });
    context.checkpoint({ done: from + 1 });
    context.log.info({ from }, 'step');
    if (from < 2) throw new Error(`at step ${from}`);
    return { from, attempt: context.attempt, maxAttempts: context.maxAttempts, metadata: context.metadata, name: context.name };
  },
});
export const exits = defineJob({ ...common, name: 'exits', maxAttempts: 1, run: () => process.exit(1) });
export const hogs = defineJob({
  ...common,
  name: 'hogs',
  maxAttempts: 1,
  run: () => {
    const kept = [];
    for (;;) kept.push(new Array(1_000).fill(kept.length));
  },
});
export const limited = defineJob({ ...common, name: 'limited', rateLimit: { max: 2, duration: 400 }, run: (input) => input });
export const single = defineJob({ ...common, name: 'single', concurrency: 1, run: async (input) => input });
export const once = defineJob({ ...common, name: 'once', delivery: 'at-most-once', run: () => new Promise(() => {}) });
/** Changes what it was given. */
export const spoils = defineJob({
  ...common,
  name: 'spoils',
  run: (input) => {
    input.list.push('spoilt');
    return input.list.length;
  },
});

const key = ({ tenant }) => tenant;
export const grouped = defineJob({ ...common, name: 'grouped', group: { key }, run: ({ n }) => n });
export const serial = defineJob({ ...common, name: 'serial', group: { key, concurrency: 1 }, run: async ({ n }) => n });
export const metered = defineJob({
  ...common,
  name: 'metered',
  group: { key, rateLimit: { max: 2, duration: 60_000 } },
  run: ({ n }) => n,
});
export const shared = defineJob({ ...common, name: 'shared', group: { key, maxWaiting: 2 }, run: ({ n }) => n });
/** Puts itself off until it has been so often: a checkpoint survives that. */
export const snoozes = defineJob({
  ...common,
  name: 'snoozes',
  run: ({ times, ms }, context) => {
    const done = context.lastCheckpoint ?? 0;
    context.checkpoint(done + 1);
    if (done < times) context.snooze(ms);
    return { done, attempt: context.attempt };
  },
});
/** Its first run says that its definition, or its group, shall wait. */
const limitedOnce = {
  run: ({ n, ms }, context) => {
    if (ms === undefined || context.lastCheckpoint !== undefined) return n;
    context.checkpoint('told');
    throw new RateLimitedError(ms);
  },
};
export const told = defineJob({ ...common, ...limitedOnce, name: 'told' });
export const toldGroup = defineJob({ ...common, ...limitedOnce, name: 'told-group', group: { key } });

export const allows = defineJob({
  name: 'allows',
  module: import.meta.url,
  input: z.any(),
  maxAttempts: 6,
  run: (_input, { attempt, maxAttempts }) => ({ attempt, maxAttempts }),
});

import { defineJob } from 'threadmill/job';
import { z } from 'zod';
import * as work from './work.js';

const module = import.meta.url;
const number = z.object({ n: z.number() });

/** The work as threadmill's users write it: with a schema, and with a time limit, which is always on (30 s by default). */
export const definitions = {
  noop: defineJob({ name: 'noop', module, input: number, run: work.noop }),
  spin: defineJob({ name: 'spin', module, input: z.object({ iterations: z.number() }), run: work.spin }),
  measure: defineJob({ name: 'measure', module, input: z.object({ payload: z.unknown() }), run: work.measure }),
  startedAt: defineJob({ name: 'startedAt', module, input: number, run: work.startedAt }),
  forever: defineJob({
    name: 'forever',
    module,
    input: z.object({ started: z.instanceof(SharedArrayBuffer) }),
    timeout: 50,
    maxAttempts: 1,
    run: work.forever,
  }),
};

/** Keys of groups; the case that needs them sets it. They are there before, so that they cost no job anything. */
export const keys: string[] = [];

/** In groups: of a job with a number, `keys` at that number. */
export const grouped = {
  noop: defineJob({
    name: 'groupedNoop',
    module,
    input: number,
    run: work.noop,
    group: { key: ({ n }) => keys[n % keys.length] as string },
  }),
  spin: defineJob({
    name: 'groupedSpin',
    module,
    input: z.object({ iterations: z.number(), user: z.string() }),
    run: work.spin,
    group: { key: ({ user }) => user },
  }),
};

export const { noop, spin, measure, startedAt, forever } = definitions;

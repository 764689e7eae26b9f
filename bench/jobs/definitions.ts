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

export const { noop, spin, measure, startedAt, forever } = definitions;

import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const module = import.meta.url;

export const hello = defineJob({ name: 'hello', module, input: z.object({ name: z.string() }), run: ({ name }) => `hello ${name}` });

export const spin = defineJob({
  name: 'spin',
  module,
  input: z.object({}),
  timeout: 300,
  run: () => {
    // Not empty: rollup leaves out a loop that does nothing.
    for (;;) globalThis.turns = 1;
  },
});

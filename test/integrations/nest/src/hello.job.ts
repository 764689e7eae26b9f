import { defineJob } from 'threadmill/job';
import { z } from 'zod';

// Nest is built to CommonJS, where a file cannot have a `const module`.
const file = __filename;

export const hello = defineJob({ name: 'hello', module: file, input: z.object({ name: z.string() }), run: ({ name }) => `hello ${name}` });

export const spin = defineJob({
  name: 'spin',
  module: file,
  input: z.object({}),
  timeout: 300,
  run: () => {
    for (;;) Object.assign(globalThis, { turns: 1 });
  },
});

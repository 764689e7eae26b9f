import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const page = defineJob({
  name: 'page',
  module: import.meta.url,
  input: z.object({ path: z.string() }),
  // A page that nobody waits for any more is not worth its time.
  maxWait: 60_000,
  run: ({ path }) => {
    const end = performance.now() + 20;
    while (performance.now() < end);
    return `<h1>${path}</h1>`;
  },
});

/** Another service takes two at a time, and ten a second. */
export const upload = defineJob({
  name: 'upload',
  module: import.meta.url,
  input: z.object({ n: z.number() }),
  concurrency: 2,
  rateLimit: { max: 10, duration: 1_000 },
  run: ({ n }) => n,
});

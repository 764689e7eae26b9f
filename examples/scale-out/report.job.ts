import superjson from 'superjson';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** A date is no JSON: with a codec it arrives as one. */
export const report = defineJob({
  name: 'report',
  module: import.meta.url,
  input: z.object({ since: z.date() }),
  codec: superjson,
  run: ({ since }) => `all since ${since.toISOString()}`,
});

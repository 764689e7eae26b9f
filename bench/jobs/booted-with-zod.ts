import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** A user's module as most are. */
export const half = defineJob({
  name: 'half',
  module: import.meta.url,
  input: z.object({ n: z.number() }),
  run: ({ n }) => n / 2,
});

/** The same for Piscina. */
export default ({ n }: { n: number }): number => n / 2;

import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const report = defineJob({
  name: 'report',
  module: import.meta.url,
  input: z.object({ of: z.string() }),
  run: ({ of }, { id }) => `${of} (${id})`,
});

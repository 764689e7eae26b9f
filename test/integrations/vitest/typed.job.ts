import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const count = defineJob({
  name: 'count',
  module: import.meta.url,
  input: z.object({ text: z.string() }),
  run: ({ text }: { text: string }): number => text.length,
});

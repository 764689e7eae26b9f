import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const mail = defineJob({
  name: 'mail',
  module: import.meta.url,
  input: z.object({ to: z.string() }),
  maxAttempts: 3,
  backoff: { type: 'exponential', delay: 10 },
  concurrency: 5,
  run: async ({ to }, { progress, attempt }) => {
    progress(50);
    return { sent: to, attempt };
  },
});

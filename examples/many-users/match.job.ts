import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const common = {
  module: import.meta.url,
  input: z.object({ user: z.string(), pattern: z.string(), text: z.string() }),
  // A pattern that takes longer is one that never ends.
  timeout: 50,
  run: ({ pattern, text }: { pattern: string; text: string }) => new RegExp(pattern).test(text),
};

// First come, first served.
export const match = defineJob({ ...common, name: 'match' });

// Users take turns. Of each, one job runs at a time, and ten wait: what comes beyond is refused.
export const matchFairly = defineJob({
  ...common,
  name: 'match-fairly',
  group: { key: ({ user }) => user, concurrency: 1, maxWaiting: 10 },
});

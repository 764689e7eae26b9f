import { createHash } from 'node:crypto';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const hash = defineJob({
  name: 'hash',
  module: import.meta.url,
  input: z.object({ text: z.string() }),
  timeout: 2_000,
  run: ({ text }) => createHash('sha256').update(text).digest('hex'),
});

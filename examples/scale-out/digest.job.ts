import { createHash } from 'node:crypto';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** Work for a processor: the hash of a text, over and over. */
export const digest = defineJob({
  name: 'digest',
  module: import.meta.url,
  input: z.object({ text: z.string(), rounds: z.int() }),
  timeout: 10_000,
  backoff: { type: 'fixed', delay: 100 },
  run: ({ text, rounds }) => {
    let hash = text;
    for (let round = 0; round < rounds; round++) hash = createHash('sha256').update(hash).digest('hex');
    return { hash };
  },
});

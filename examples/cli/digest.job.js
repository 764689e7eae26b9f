import { createHash } from 'node:crypto';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const digest = defineJob({
  name: 'digest',
  module: import.meta.url,
  input: z.object({ text: z.string(), rounds: z.int().positive() }),
  run: ({ text, rounds }) => {
    let hash = text;
    for (let round = 0; round < rounds; round++) hash = createHash('sha256').update(hash).digest('hex');
    return { hash };
  },
});

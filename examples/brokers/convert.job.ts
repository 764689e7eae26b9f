import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** What a message asks for: some work for a processor, whose result stands in a file. */
export const convert = defineJob({
  name: 'convert',
  module: import.meta.url,
  input: z.object({ id: z.string(), rounds: z.int(), out: z.string() }),
  timeout: 5_000,
  maxAttempts: 2,
  backoff: { type: 'fixed', delay: 10 },
  run: ({ id, rounds, out }) => {
    if (id.startsWith('bad')) throw new Error(`cannot convert ${id}`);
    let hash = id;
    for (let round = 0; round < rounds; round++) hash = createHash('sha256').update(hash).digest('hex');
    // The effect. It may happen twice: whoever reads it counts an id once.
    appendFileSync(out, `${id}\n`);
    return { hash };
  },
});

import { readFile } from 'node:fs/promises';
import { defineJob, RateLimitedError, UnrecoverableError } from 'threadmill/job';
import { z } from 'zod';

export const convert = defineJob({
  name: 'convert',
  module: import.meta.url,
  input: z.object({ path: z.string(), fails: z.number().default(0) }),
  maxAttempts: 3,
  backoff: { type: 'exponential', delay: 20, factor: 2, jitter: 0.5 },
  run: async ({ path, fails }, { attempt }) => {
    // A service that is down for a while: worth another attempt.
    if (attempt <= fails) throw new Error(`the service said 503 (attempt ${attempt})`);
    // It wants to be left alone: no attempt is spent, and no job of the definition starts meanwhile.
    if (path === 'later') throw new RateLimitedError(20);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      // No attempt will make it appear.
      if (error.code === 'ENOENT') throw new UnrecoverableError(`${path} is not there`, { cause: error });
      throw error;
    });
    return { bytes: text.length };
  },
});

import { readFile } from 'node:fs/promises';
import { lexer } from 'marked';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** The attempt that gets through; the ones before it find the source busy. */
export const FIRST_GOOD_ATTEMPT = 3;

/** Counts the headings of a file. It stands for work on a source that is busy at times: it fails twice, then succeeds. */
export const outline = defineJob({
  name: 'outline',
  module: import.meta.url,
  input: z.object({ path: z.string() }),
  maxAttempts: 4,
  backoff: { type: 'exponential', delay: 100 },
  run: async ({ path }, context) => {
    if (context.attempt < FIRST_GOOD_ATTEMPT) throw new Error(`the source is busy (attempt ${context.attempt} of ${context.maxAttempts})`);
    const headings = lexer(await readFile(path, 'utf8')).filter(({ type }) => type === 'heading');
    return { headings: headings.length };
  },
});

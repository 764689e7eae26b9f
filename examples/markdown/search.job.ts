import { readFile } from 'node:fs/promises';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** Searches many files with one regular expression, of which nobody has checked whether it ever ends. */
export const search = defineJob({
  name: 'search',
  module: import.meta.url,
  input: z.object({ pattern: z.string(), flags: z.string(), paths: z.array(z.string()) }),
  timeout: 2_000,
  maxAttempts: 2,
  backoff: { type: 'fixed', delay: 100 },
  run: async ({ pattern, flags, paths }, context) => {
    const expression = new RegExp(pattern, flags);
    const found = { matches: 0, files: 0 };
    for (const path of paths) {
      context.progress(path);
      const matches = countMatches(await readFile(path, 'utf8'), expression);
      found.matches += matches;
      if (matches > 0) found.files++;
    }
    return found;
  },
});

function countMatches(text: string, expression: RegExp): number {
  let count = 0;
  for (const _match of text.matchAll(expression)) count++;
  return count;
}

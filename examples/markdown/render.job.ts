import { defineJob } from 'threadmill/job';
import { z } from 'zod';
import { renderFile } from './markdown.js';

/** Renders one Markdown file. The input is a path, not the text: what crosses to the thread stays small. */
export const render = defineJob({
  name: 'render',
  module: import.meta.url,
  input: z.object({ path: z.string() }),
  timeout: 20_000,
  maxAttempts: 3,
  backoff: { type: 'fixed', delay: 100 },
  run: ({ path }) => renderFile(path),
});

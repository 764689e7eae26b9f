import { readFile } from 'node:fs/promises';
import { lexer, parser } from 'marked';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const module = import.meta.url;

export const render = defineJob({
  name: 'render',
  module,
  input: z.object({ path: z.string() }),
  timeout: 5_000,
  run: async ({ path }) => ({ path, html: parser(lexer(await readFile(path, 'utf8'))) }),
});

export const count = defineJob({
  name: 'count',
  module,
  input: z.object({ path: z.string(), html: z.string() }),
  run: ({ path, html }) => ({ path, links: html.split('<a ').length - 1 }),
});

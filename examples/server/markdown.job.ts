import { defineJob } from 'threadmill/job';
import { z } from 'zod';
import { renderText } from '../markdown/markdown.js';

/** Renders Markdown to HTML, with highlighted code. */
export const markdown = defineJob({
  name: 'markdown',
  module: import.meta.url,
  input: z.object({ text: z.string().max(1_000_000).default('# Hello\n\n```js\nconst answer = 42;\n```') }),
  timeout: 5_000,
  run: ({ text }) => renderText(text),
});

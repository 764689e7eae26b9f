import { readFile } from 'node:fs/promises';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';
import { findDocuments, library } from '../markdown/documents.js';

/** Searches the documents with a regular expression that somebody sent: nobody knows whether it ever ends. */
export const search = defineJob({
  name: 'search',
  module: import.meta.url,
  input: z.object({
    pattern: z.string().min(1).max(200).default('^#+ .*'),
    flags: z
      .string()
      .regex(/^[ims]*$/)
      .default('m'),
  }),
  timeout: 2_000,
  maxAttempts: 2,
  backoff: { type: 'fixed', delay: 500 },
  run: async ({ pattern, flags }, context) => {
    const expression = new RegExp(pattern, `g${flags}`);
    const documents = await findDocuments(library);
    context.log.info(`${documents.length} documents to search`);
    let matches = 0;
    for (const [index, { path }] of documents.entries()) {
      matches += countMatches(await readFile(path, 'utf8'), expression);
      context.progress(Math.round(((index + 1) / documents.length) * 100));
    }
    return { matches, documents: documents.length };
  },
});

function countMatches(text: string, expression: RegExp): number {
  let count = 0;
  for (const _match of text.matchAll(expression)) count++;
  return count;
}

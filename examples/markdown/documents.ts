import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the documents come from: whatever is installed beside threadmill. */
export const library = fileURLToPath(new URL('node_modules/', import.meta.resolve('threadmill/package.json')));

export interface MarkdownDocument {
  path: string;
  bytes: number;
}

/** Every Markdown file of a folder and its subfolders, in a fixed order. */
export async function findDocuments(folder: string): Promise<MarkdownDocument[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(md|markdown)$/i.test(entry.name));
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

export function totalBytes(documents: readonly MarkdownDocument[]): number {
  return documents.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** At most so many of the documents, evenly spread over all of them. */
export function sample(documents: readonly MarkdownDocument[], count: number): MarkdownDocument[] {
  const step = Math.max(1, documents.length / count);
  return Array.from({ length: Math.min(count, documents.length) }, (_, index) => documents[Math.floor(index * step)] as MarkdownDocument);
}

/** The largest first: then no thread is left with a large one at the end, while the others have none. */
export function largestFirst(documents: readonly MarkdownDocument[]): MarkdownDocument[] {
  return [...documents].sort((a, b) => b.bytes - a.bytes);
}

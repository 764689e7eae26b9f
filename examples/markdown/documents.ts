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

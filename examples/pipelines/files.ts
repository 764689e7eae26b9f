import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A package with a README. */
export const folder = fileURLToPath(new URL('../../../node_modules/marked/', import.meta.url));
export const readme = join(folder, 'README.md');

/** All Markdown files of all packages, as inputs. */
export async function* markdownFiles() {
  for (const entry of await readdir(join(folder, '..'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name.endsWith('.md')) yield { path: join(entry.parentPath ?? entry.path, entry.name) };
  }
}

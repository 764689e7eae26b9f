import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { openFile } from './files.js';

/** Where inputs come from. */
export interface InputFile {
  readonly stream: Readable;
  /** Bytes, where it is known. */
  readonly size: number | undefined;
}

/** `-` is stdin. Throws {@link UsageError}. */
export function openInput(name: string): InputFile {
  if (name === '-') {
    if (process.stdin.isTTY) process.stderr.write('reading inputs from the terminal; Ctrl-D ends them\n');
    return { stream: process.stdin, size: undefined };
  }
  const fd = openFile(name, 'r');
  const stat = fstatSync(fd);
  return { stream: createReadStream(name, { fd }), size: stat.isFile() ? stat.size : undefined };
}

import { createReadStream, fstatSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { UsageError } from './exit.js';
import { opened } from './sink.js';

/** One file must not be two things: opening it for writing empties it. Throws {@link UsageError}. */
export function refuseOverwriting({
  input,
  out,
  deadLetters,
  timeline,
}: {
  input: string;
  out: string;
  deadLetters?: string;
  timeline?: string;
}): void {
  const options = Object.entries({ '--input': input, '--out': out, '--dead-letters': deadLetters, '--timeline': timeline });
  const seen = new Map<string, string>();
  for (const [option, file] of options) {
    if (file === undefined || (file === '-' && option === '--input')) continue;
    const path = real(file);
    const other = seen.get(path);
    if (other !== undefined) throw new UsageError(`${other} and ${option} are the same file: ${file}`);
    seen.set(path, option);
  }
}

function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}

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
  const fd = opened(name, 'r');
  const stat = fstatSync(fd);
  return { stream: createReadStream(name, { fd }), size: stat.isFile() ? stat.size : undefined };
}

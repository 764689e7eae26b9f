import { closeSync, fstatSync, openSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../internals.js';
import { UsageError } from './exit.js';

/** Opens a file; gives its descriptor. Throws {@link UsageError}. */
export function openFile(name: string, flags: 'r' | 'w' | 'a' | 'a+'): number {
  try {
    const fd = openSync(name, flags);
    if (!fstatSync(fd).isDirectory()) return fd;
    closeSync(fd);
  } catch (error) {
    throw new UsageError(`${name} cannot be opened: ${messageOf(error)}`, { cause: error });
  }
  throw new UsageError(`${name} is a directory`);
}

/** One file must not be two things: opening it for writing empties it. Throws {@link UsageError}. */
export function refuseOverwriting(files: { input: string; out: string; deadLetters?: string; timeline?: string }): void {
  const { input, out, deadLetters, timeline } = files;
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

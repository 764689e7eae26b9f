import { inspect } from 'node:util';
import { pack } from '../../job/payload.js';

/** A line that takes more than this is cut, in bytes. */
const MAX_LINE = 64 * 1024;

/** What can be sent of the arguments of a log line, and about how many bytes it takes. */
export function lineOf(args: unknown[]): { args: unknown[]; bytes: number } {
  try {
    const { value, bytes } = pack(args, 'log');
    if (bytes <= MAX_LINE) return { args: value as unknown[], bytes };
  } catch {
    // A function, or anything else that cannot be sent: as text it can.
  }
  const texts = textsOf(args);
  return { args: texts, bytes: texts.reduce((sum, { length }) => sum + length, 0) };
}

/** The same as texts, which can always be sent. */
export function textsOf(args: unknown[]): string[] {
  const most = Math.floor(MAX_LINE / Math.max(1, args.length));
  return args.map((arg) => {
    const text = typeof arg === 'string' ? arg : inspect(arg);
    return text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
  });
}

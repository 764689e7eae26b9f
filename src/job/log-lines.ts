import { formatWithOptions } from 'node:util';

/** Most lines that are kept of one job's handler. */
const LINES = 100;
/** Most characters that are kept of a line. */
const LONGEST = 1_000;

/** Enough of an object to recognize it: what a handler logs may be large, and is kept as long as its job. */
const BRIEF = { depth: 2, maxArrayLength: 20, maxStringLength: LONGEST, breakLength: Number.POSITIVE_INFINITY };

/** The lines of a job's handler with one more, of a time in milliseconds since 1970; the oldest makes room. */
export function withLine(lines: string[] | undefined, at: number, level: string, args: readonly unknown[]): string[] {
  const kept = lines ?? [];
  kept.push(`${new Date(at).toISOString()} ${level} ${textOfLine(args).slice(0, LONGEST)}`);
  if (kept.length > LINES) kept.shift();
  return kept;
}

/** Pino's way has the fields, or an error, first and the text after them; for reading, the text comes first. */
function textOfLine([first, ...rest]: readonly unknown[]): string {
  const fieldsFirst = typeof first === 'object' && first !== null && typeof rest[0] === 'string';
  return fieldsFirst ? formatWithOptions(BRIEF, ...rest, first) : formatWithOptions(BRIEF, first, ...rest);
}

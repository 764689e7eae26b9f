import type { Readable } from 'node:stream';

/** A line of a text that is not blank. */
export interface TextLine {
  /** From 1; blank lines count. */
  readonly number: number;
  readonly text: string;
  /** Its length in bytes, with its end. */
  readonly bytes: number;
}

/**
 * The lines of a UTF-8 stream as they arrive, without a byte order mark and blank ones. They end at `\n` or `\r\n` only:
 * JSON may hold U+2028, which ends a line for `node:readline`.
 */
export async function* lines(stream: Readable): AsyncGenerator<TextLine, void, undefined> {
  stream.setEncoding('utf8');
  let number = 0;
  let rest = '';
  const line = (raw: string): TextLine | undefined => {
    const text = (++number === 1 ? raw.replace(/^\uFEFF/, '') : raw).trim();
    return text === '' ? undefined : { number, text, bytes: Buffer.byteLength(raw) + 1 };
  };
  for await (const chunk of stream as AsyncIterable<string>) {
    const parts = chunk.split('\n');
    parts[0] = rest + parts[0];
    rest = parts.pop() as string;
    for (const part of parts) {
      const full = line(part);
      if (full !== undefined) yield full;
    }
  }
  const last = line(rest);
  if (last !== undefined) yield last;
}

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** A file of any length, line by line: read as fast as somebody takes it. */
export async function* lines(path: string) {
  for await (const line of createInterface({ input: createReadStream(path) })) yield { line };
}

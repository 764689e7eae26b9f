import type { Writable } from 'node:stream';
import { nextTick } from '../../time/timers.js';

/** Longest piece that is sent to the main thread at once, in bytes; the next follows when it was taken. */
const PIECE = 64 * 1024;
/** Most that may wait in the thread, in bytes; what is printed beyond it is dropped and counted. */
const MOST = 64 * 1024 * 1024;
/** What V8 takes to keep one write, in bytes. */
const WRITE = 256;

type Chunk = { chunk: Buffer | string; encoding: BufferEncoding };
type Callback = (error?: Error | null) => void;

/**
 * Bounds what printing costs others. Node.js sends all writes that wait as one message, a chunk for each of them: the
 * main thread, which prints them one by one, was blocked for seconds by a handler that printed a million lines. Here
 * they travel in pieces, one at a time, and a handler that prints faster than they are taken loses what is too much.
 */
export function boundOutput(stream: Writable): void {
  const write = stream.write.bind(stream) as (chunk: unknown, encoding: unknown, callback: unknown) => boolean;
  const writev = stream._writev?.bind(stream) as (chunks: Chunk[], callback: Callback) => void;
  let writes = 0;
  let dropped = 0;

  stream.write = ((chunk: unknown, encoding: unknown, callback: unknown) => {
    if (stream.writableLength + writes * WRITE <= MOST) {
      writes++;
      return write(chunk, encoding, callback);
    }
    dropped++;
    const written = typeof encoding === 'function' ? encoding : callback;
    if (typeof written === 'function') nextTick(written as () => void);
    return false;
  }) as Writable['write'];

  stream._writev = (chunks: Chunk[], callback: Callback) => {
    const buffers = chunks.map(({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk));
    if (dropped > 0)
      buffers.push(Buffer.from(`[threadmill] ${dropped} writes were dropped here: printed faster than they could be taken\n`));
    writes = 0;
    dropped = 0;
    const all = Buffer.concat(buffers);
    const send = (from: number) => {
      const end = Math.min(from + PIECE, all.length);
      // A buffer of its own: a view would carry all of its buffer along.
      const piece = { chunk: Buffer.from(new Uint8Array(all.subarray(from, end)).buffer), encoding: 'buffer' as BufferEncoding };
      writev([piece], end < all.length ? (error) => (error ? callback(error) : send(end)) : callback);
    };
    send(0);
  };
}

/** Calls back when all that was printed has been taken. */
export function afterOutput(then: () => void): void {
  process.stdout.write('', () => process.stderr.write('', () => then()));
}

import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/**
 * An event of the Trace Event Format, which Perfetto and Chrome's `about:tracing` open. Times in microseconds.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export interface TraceEvent {
  name: string;
  /** `X`: a slice; `i`: a mark; `C`: a counter; `M`: the name of a process or a thread. */
  ph: 'X' | 'i' | 'C' | 'M';
  pid: number;
  tid?: number;
  ts?: number;
  dur?: number;
  cat?: string;
  /** A colour by its name in Chrome's tracing page. */
  cname?: string;
  /** How far a mark reaches: over its thread, its process, or all. */
  s?: 't' | 'p' | 'g';
  args?: Record<string, unknown>;
}

/** Text that is collected before it is written. */
const CHUNK = 64 * 1_024;
/** Text that may wait for a slow disk: beyond it events are dropped. Both in UTF-16 units, about bytes. */
const MAX_UNWRITTEN = 8 * 1_024 * 1_024;

/** A file of trace events, written as they come: it costs the same memory however long it gets. */
export class TraceFile {
  /** Events that were not written: the disk was too slow, or the file as long as it may be. */
  dropped = 0;
  readonly #stream: WriteStream;
  readonly #done: Promise<void>;
  readonly #maxBytes: number;
  #text = '[';
  #length = 0;
  #events = 0;

  /** `fd`: the file, where it is open already. */
  constructor(path: string, maxBytes: number, fd?: number) {
    this.#maxBytes = maxBytes;
    this.#stream = createWriteStream(path, fd === undefined ? {} : { fd });
    this.#done = finished(this.#stream);
    // Told by `close`.
    this.#done.catch(() => {});
  }

  /** Gives whether it will be in the file. What names others is `needed` also where the rest no longer fits. */
  write(event: TraceEvent, needed = event.ph === 'M'): boolean {
    if (!needed && (this.#length > this.#maxBytes || this.#stream.writableLength > MAX_UNWRITTEN || this.#stream.errored !== null)) {
      this.dropped++;
      return false;
    }
    this.#text += `${this.#events++ === 0 ? '' : ','}\n${JSON.stringify(event)}`;
    if (this.#text.length > CHUNK) this.flush();
    return true;
  }

  /** Hands what was collected to the disk. */
  flush(): void {
    this.#length += this.#text.length;
    if (this.#stream.errored === null) this.#stream.write(this.#text);
    this.#text = '';
  }

  /** Resolves when all is written; rejects when it cannot be. Calling it again gives the same. */
  close(): Promise<void> {
    if (!this.#stream.writableEnded) {
      this.#text += '\n]\n';
      this.flush();
      this.#stream.end();
    }
    return this.#done;
  }
}

import { closeSync, createWriteStream, fstatSync, openSync, readSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { openFile } from './files.js';

/** A file that lines of JSON go to; `-` is stdout. */
export class Sink {
  /** Why it takes no more, such as a full disk or a closed pipe. */
  failure: Error | undefined;
  readonly #stream: NodeJS.WritableStream & { readonly writableNeedDrain?: boolean };
  readonly #isStdout: boolean;
  #wake: (() => void) | undefined;

  /** Replaces the file, or adds to it. `failed` is called once, when it can no longer be written. Throws {@link UsageError}. */
  constructor(
    readonly name: string,
    append: boolean,
    failed: (error: Error) => void,
  ) {
    this.#isStdout = name === '-';
    this.#stream = this.#isStdout ? process.stdout : createWriteStream(name, { fd: openFile(name, append ? 'a+' : 'w') });
    // A line that a killed run did not finish is one of its own.
    if (append && !this.#isStdout && !endsWithLine(name)) this.#stream.write('\n');
    this.#stream.on('drain', () => this.#wake?.());
    this.#stream.on('error', (error: Error) => {
      if (this.failure === undefined) {
        this.failure = error;
        failed(error);
      }
      this.#wake?.();
    });
  }

  write(line: string): void {
    if (this.failure === undefined) this.#stream.write(`${line}\n`);
  }

  /** Resolves when there is room for more. */
  async ready(): Promise<void> {
    while (this.failure === undefined && this.#stream.writableNeedDrain) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when everything is written, or it has failed. */
  async close(): Promise<void> {
    if (this.failure !== undefined) return;
    if (this.#isStdout) return new Promise((resolve) => void this.#stream.write('', () => resolve()));
    this.#stream.end();
    await finished(this.#stream).catch(() => {});
  }
}

function endsWithLine(name: string): boolean {
  const file = openSync(name, 'r');
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size === 0 || !fstatSync(file).isFile() || (readSync(file, last, 0, 1, size - 1) === 1 && last.toString() === '\n');
  } finally {
    closeSync(file);
  }
}

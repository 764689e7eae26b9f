import type { JobQueue } from '../index.js';
import { messageOf } from '../internals.js';
import { Recorder } from '../timeline/recorder.js';
import { TraceFile } from '../timeline/trace-file.js';
import { openFile } from './files.js';
import type { Observer } from './observer.js';

/** A command's file gets as long as the disk has room: a recording of a command has an end. */
const MAX_BYTES = Number.POSITIVE_INFINITY;

/** One timeline of all the queues that a command makes, each of them a process in it. */
export class TimelineFile implements Observer {
  readonly #file: string;
  readonly #trace: TraceFile;
  readonly #start = performance.timeOrigin + performance.now();
  #recorder: Recorder | undefined;
  #queues = 0;

  /** Throws {@link UsageError} when the file cannot be opened. */
  constructor(file: string) {
    this.#file = file;
    this.#trace = new TraceFile(file, MAX_BYTES, openFile(file, 'w'));
  }

  opened(queue: JobQueue, name: string): void {
    this.#recorder = new Recorder(queue, this.#trace, process.pid + this.#queues++, name, this.#start);
  }

  closed(): void {
    this.#recorder?.stop();
  }

  /** Resolves when it is written; says on stderr when it cannot be, or not all. Gives whether it is whole. */
  async close(): Promise<boolean> {
    this.closed();
    const problem = await this.#trace.close().then(
      () => (this.#trace.dropped > 0 ? `${this.#trace.dropped} events were dropped: the disk was too slow` : undefined),
      (error: unknown) => `it cannot be written: ${messageOf(error)}`,
    );
    if (problem !== undefined) process.stderr.write(`timeline ${this.#file}: ${problem}\n`);
    return problem === undefined;
  }
}
